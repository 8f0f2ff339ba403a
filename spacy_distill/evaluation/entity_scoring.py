"""Scores of named entities."""

from collections import Counter
from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..docs import trim_entities
from ..errors import DistillError
from ..label_maps import LabelMap
from ..tasks.ner.characters import KEY
from ..tasks.ner.component import CompactNER
from ..tasks.ner.task import compact_ner_score, entity_outcomes
from .agreement import Agreement, compare_entities
from .entities import SideBySide, put_side_by_side
from .labels import check_label_map, check_shared, find_labels, relabel
from .predictors import find_spans_key
from .raw_entities import RawEntities, find_scored, raw_entities
from .rows import NER, CharacterScores, TypeScore
from .scoring import Scores


class EntityScoring:
    """Scores whole entities; see `Scoring`."""

    task = NER
    counts_documents = False
    calibrates = "a compact_ner with a spans_key"

    def find_labels(self, nlp: Language) -> Optional[List[str]]:
        """Return the entity labels that a pipeline can predict."""
        return find_labels(nlp)

    def prepare(
        self, docs: Sequence[Doc], label_map: LabelMap, *, source: str
    ) -> Tuple[List[Doc], Dict[str, int]]:
        """Trim entities and rename labels; see `Scoring.prepare`."""
        trimmed = sum(trim_entities(doc).total for doc in docs)
        for doc in docs:
            relabel(doc, label_map)
        if not any(doc.ents for doc in docs):
            raise DistillError(
                f"Expected Docs with entities in {source}, got none: give annotated"
                " ones."
            )
        return list(docs), {"trimmed": trimmed}

    def count(self, docs: Sequence[Doc]) -> Dict[str, int]:
        """Return the number of entities of each label."""
        found = Counter(ent.label_ for doc in docs for ent in doc.ents)
        return dict(sorted(found.items()))

    def predicted_labels(self, docs: Sequence[Doc]) -> List[str]:
        """Return the labels of the entities in Docs."""
        return list(self.count(docs))

    def relabel(self, doc: Doc, label_map: LabelMap, spans_key: Optional[str]) -> None:
        """Rename, merge or drop entities."""
        relabel(doc, label_map, spans_key)

    def check_label_map(
        self, label_map: LabelMap, known: Optional[Sequence[str]]
    ) -> None:
        """Check a label map of the user."""
        check_label_map(label_map, known)

    def check_labels(
        self, name: str, labels: Sequence[str], gold: Sequence[str], label_map: LabelMap
    ) -> None:
        """Check that a pipeline shares a label with the gold annotation."""
        check_shared(name, labels, gold, label_map)

    def score(
        self,
        nlp: Language,
        examples: List[Example],
        *,
        with_probabilities: bool,
        label_map: LabelMap,
    ) -> Scores:
        """Score whole entities."""
        found = compact_ner_score(examples, characters=_asks_for_characters(nlp))
        scores = Scores(
            precision=found["ents_p"],
            recall=found["ents_r"],
            f1=found["ents_f"],
            per_type={
                label: TypeScore(precision=prf["p"], recall=prf["r"], f1=prf["f"])
                for label, prf in sorted(found["ents_per_type"].items())
            },
            characters=_character_scores(found),
        )
        key = find_spans_key(nlp)
        if key is None or not with_probabilities:
            return scores
        found_pipe = self.find_calibrated(nlp)
        calibration = None if found_pipe is None else found_pipe[1].calibration
        # With a map the component's labels are others, so that its raw outcomes cannot
        # be compared.
        if found_pipe is None or calibration is None or label_map:
            probabilities, correct = entity_outcomes(examples, key)
            return replace(scores, probabilities=probabilities, correct=correct)
        gold = [eg.reference for eg in examples]
        raw = self.raw_outcomes(nlp, found_pipe[0], gold)
        return scores.with_calibrated(raw, calibration)

    def find_calibrated(self, nlp: Language) -> Optional[Tuple[str, CompactNER]]:
        """Find the `compact_ner` that writes probabilities to `doc.spans`."""
        return find_scored(nlp)

    def raw_outcomes(
        self, nlp: Language, name: str, gold: Sequence[Doc]
    ) -> RawEntities:
        """Predict entities without calibration."""
        return raw_entities(nlp, name, gold)

    def compare(
        self,
        teacher: Sequence[Doc],
        student: Sequence[Doc],
        *,
        spans_key: Optional[str] = None,
        gold: Optional[Sequence[Doc]] = None,
    ) -> Agreement:
        """Compare entities."""
        return compare_entities(teacher, student, spans_key=spans_key, gold=gold)

    def pair(
        self, teacher: Doc, student: Doc, *, spans_key: Optional[str]
    ) -> SideBySide:
        """Combine the entities of two pipelines for display."""
        return put_side_by_side(teacher, student, spans_key=spans_key)


def _asks_for_characters(nlp: Language) -> Optional[bool]:
    """Return the setting `characters` of a scorer; None if the language decides."""
    for block in nlp.config.get("components", {}).values():
        scorer = block.get("scorer") or {}
        if scorer.get("characters") is not None:
            return bool(scorer["characters"])
    return None


def _character_scores(found: Mapping[str, Any]) -> Optional[CharacterScores]:
    if found.get(f"{KEY}_f") is None:
        return None
    micro, macro = (
        TypeScore(
            precision=found[f"{prefix}_p"],
            recall=found[f"{prefix}_r"],
            f1=found[f"{prefix}_f"],
        )
        for prefix in (KEY, f"{KEY}_macro")
    )
    return CharacterScores(micro=micro, macro=macro)
