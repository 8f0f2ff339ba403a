import copy
import gc
import pickle
from itertools import islice

import pytest
import spacy
from small import make_nlp
from spacy.util import registry
from thinc.api import Config, warmup_linear

from spacy_distill.errors import DistillError
from spacy_distill.optimizers import PipelineRef, repair_optimizer, warmup_linear_v1

OLD = """
[training]
max_steps = 40

[training.optimizer]
@optimizers = "Adam.v1"
L2 = 0.5
grad_clip = ${vars.clip}

[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
initial_rate = ${vars.rate}
warmup_steps = 4
total_steps = ${training.max_steps}

[vars]
clip = 2.5
rate = 0.03
"""


def test_rates_of_thinc_where_the_steps_are_known():
    found = list(islice(warmup_linear_v1(0.5, 4, 20), 25))
    assert found == list(islice(warmup_linear(0.5, 4, 20), 25))
    assert found[0] == 0.0
    assert max(found) == found[4] == 0.5
    assert found[20:] == [0.0] * 5


def test_a_constant_rate_where_they_are_not():
    rates = warmup_linear_v1(0.5, 4, "${training.max_steps}")
    assert list(islice(rates, 9)) == [0.5] * 9


def test_text_is_no_number_of_steps():
    with pytest.raises(DistillError, match=r"total_steps, got 'ten'.*max_steps"):
        warmup_linear_v1(0.5, 4, "ten")


def test_is_registered():
    name = "spacy_distill.warmup_linear.v1"
    assert registry.schedules.get(name) is warmup_linear_v1


def with_config(text):
    nlp = spacy.blank("en")
    nlp.config = nlp.config.merge(Config().from_str(text, interpolate=False))
    return nlp


def test_an_old_config_is_repaired():
    nlp = with_config(OLD)
    with pytest.raises(ValueError, match="total_steps"):
        nlp.create_optimizer()
    repair_optimizer(nlp)
    optimizer = nlp.create_optimizer()
    assert optimizer.learn_rate == 0.03
    assert (optimizer.L2, optimizer.grad_clip) == (0.5, 2.5)
    for _ in range(5):
        optimizer.step_schedules()
    assert optimizer.learn_rate == 0.03


def test_one_setting_of_the_steps_stays():
    nlp = with_config(OLD)
    repair_optimizer(nlp)
    text = nlp.config.to_str(interpolate=False)
    config = Config().from_str(text, overrides={"training.max_steps": 10})
    schedule = config["training"]["optimizer"]["learn_rate"]
    assert schedule["total_steps"] == 10
    rates = registry.resolve({"rate": schedule})["rate"]
    expected = list(islice(warmup_linear(0.03, 4, 10), 12))
    assert list(islice(rates, 12)) == expected
    # A repaired config is left as it is.
    before = copy.deepcopy(nlp.config["training"]["optimizer"])
    repair_optimizer(nlp)
    assert nlp.config["training"]["optimizer"] == before


def test_configs_without_variables_stay_as_they_are():
    for nlp in (spacy.blank("en"), make_nlp()):
        before = nlp.config.to_str()
        repair_optimizer(nlp)
        assert nlp.config.to_str() == before


def test_a_section_that_is_a_variable():
    nlp = with_config(
        '[training]\noptimizer = ${vars}\n\n[vars]\n@optimizers = "Adam.v1"\n'
        "learn_rate = 0.25\n"
    )
    repair_optimizer(nlp)
    assert nlp.create_optimizer().learn_rate == 0.25


def test_reference_to_a_pipeline():
    nlp = spacy.blank("en")
    ref = PipelineRef(nlp)
    assert ref() is nlp
    assert copy.deepcopy(ref)() is None
    assert pickle.loads(pickle.dumps(ref))() is None
    del nlp
    gc.collect()
    assert ref() is None
    assert PipelineRef()() is None
