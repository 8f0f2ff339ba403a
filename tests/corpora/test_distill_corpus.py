import random
from collections import Counter
from itertools import islice

import pytest
import spacy
from small import TEXTS, write_gold, write_soft_labels
from spacy.tokens import DocBin, Span
from spacy.util import registry

from spacy_distill.corpora.distill_corpus import distill_corpus_v1
from spacy_distill.docs import COLUMNS, GOLD_LABELS, LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.soft_labels import store
from spacy_distill.soft_labels.store import SoftLabels

NLP = spacy.blank("en")
UNLABELLED = [f"sentence number {i} ." for i in range(23)]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    gold = write_gold(folder / "gold.spacy", NLP)
    return gold, write_soft_labels(folder, UNLABELLED)


def texts(examples):
    gold = [eg.text for eg in examples if LOGITS not in eg.reference.user_data]
    soft = [eg.text for eg in examples if LOGITS in eg.reference.user_data]
    return gold, soft


def test_each_of_both_once(data):
    gold, soft_labels = data
    random.seed(0)
    examples = list(distill_corpus_v1(gold, soft_labels)(NLP))
    found_gold, found_soft = texts(examples)
    assert sorted(found_gold) == sorted(TEXTS)
    assert sorted(found_soft) == sorted(UNLABELLED)
    assert found_soft != UNLABELLED
    for eg in examples:
        assert eg.predicted.vocab is eg.reference.vocab is NLP.vocab
        assert not eg.predicted.has_annotation("ENT_IOB")
        assert not eg.predicted.user_data
        if LOGITS in eg.reference.user_data:
            tags = eg.reference.user_data[COLUMNS]
            assert eg.reference.user_data[LOGITS].shape == (
                len(eg.predicted),
                len(tags),
            )
        else:
            assert eg.reference.has_annotation("ENT_IOB")


def test_soft_labels_of_gold_documents(tmp_path):
    gold = write_gold(tmp_path / "gold.spacy", NLP)
    docs = {doc.text: doc for doc in DocBin().from_disk(gold).get_docs(NLP.vocab)}
    soft_labels = write_soft_labels(tmp_path, [*TEXTS[:2], "something else"])
    for _ in range(2):
        # Gold Docs stay as they are from pass to pass.
        examples = list(distill_corpus_v1(gold, soft_labels)(NLP))
        found_gold, found_soft = texts(examples)
        assert sorted(found_gold) == sorted(TEXTS)
        assert sorted(found_soft) == sorted([*TEXTS[:2], "something else"])
        for eg in examples:
            ents = [(e.start, e.end, e.label_) for e in eg.reference.ents]
            if eg.text in docs:
                same = docs[eg.text].ents
                assert ents == [(e.start, e.end, e.label_) for e in same]
            else:
                assert not eg.reference.has_annotation("ENT_IOB")


@pytest.mark.parametrize("share", [0.01, 0.15, 0.5, 0.8, 0.99])
def test_share_of_gold(data, share):
    gold, soft_labels = data
    read = distill_corpus_v1(gold, soft_labels, gold_share=share)
    random.seed(0)
    for _ in range(2):
        found_gold, found_soft = texts(list(read(NLP)))
        expected = round(len(UNLABELLED) * share / (1 - share))
        assert len(found_gold) == expected
        assert sorted(found_soft) == sorted(UNLABELLED)
        # None is taken a second time before all have been taken once.
        counts = Counter(found_gold)
        assert max(counts.values(), default=0) <= -(-expected // len(TEXTS))
        if expected >= len(TEXTS):
            assert min(counts[text] for text in TEXTS) >= expected // len(TEXTS)


def test_gold_is_spread_evenly(data):
    gold, soft_labels = data
    random.seed(0)
    places = Counter()
    for _ in range(100):
        for i, eg in enumerate(distill_corpus_v1(gold, soft_labels)(NLP)):
            places[i // 9] += LOGITS not in eg.reference.user_data
    # Thirds of 27 Examples, 400 gold ones in all.
    assert sum(places.values()) == 400
    assert all(95 < places[i] < 175 for i in range(3))


def test_order_follows_the_seed(data):
    def order(seed):
        random.seed(seed)
        return [eg.text for eg in distill_corpus_v1(*data)(NLP)]

    assert order(1) == order(1) != order(2)


def test_passes_differ(data):
    random.seed(0)
    read = distill_corpus_v1(*data)
    assert [eg.text for eg in read(NLP)] != [eg.text for eg in read(NLP)]


@pytest.mark.parametrize("which", [0, 1])
def test_one_source_alone(data, which):
    paths = [None, None]
    paths[which] = data[which]
    found = texts(list(distill_corpus_v1(*paths)(NLP)))
    assert sorted(found[which]) == sorted([TEXTS, UNLABELLED][which])
    assert found[1 - which] == []


def test_shards_are_read_when_it_is_their_turn(data, monkeypatch):
    shards = []

    def read_shard(path, *args, **kwargs):
        shards.append(path)
        return shard_reader(path, *args, **kwargs)

    shard_reader = store.read_shard
    monkeypatch.setattr(store, "read_shard", read_shard)
    examples = distill_corpus_v1(None, data[1])(NLP)
    # Five Docs in a shard.
    for n_examples, n_shards in ((3, 1), (2, 1), (1, 2), (17, 5)):
        assert len(list(islice(examples, n_examples))) == n_examples
        assert len(shards) == n_shards


def test_a_folder_of_gold(tmp_path):
    write_gold(tmp_path / "b.spacy", NLP)
    (tmp_path / "inner").mkdir()
    write_gold(tmp_path / "inner" / "a.spacy", NLP)
    assert len(list(distill_corpus_v1(tmp_path)(NLP))) == 2 * len(TEXTS)


def test_all_labels_are_known_from_the_first_example(data, tmp_path):
    docs = [NLP.make_doc("Zentek is new") for _ in range(9)]
    for i, doc in enumerate(docs):
        doc.set_ents([Span(doc, 0, 1, f"L{i}")])
    DocBin(docs=docs).to_disk(tmp_path / "gold.spacy")
    labels = tuple(f"L{i}" for i in range(9))
    for soft_labels in (None, data[1]):
        random.seed(0)
        for _ in range(2):
            first, *rest = distill_corpus_v1(tmp_path / "gold.spacy", soft_labels)(NLP)
            assert first.reference.user_data[GOLD_LABELS] == labels
            assert not any(GOLD_LABELS in eg.reference.user_data for eg in rest)
            tags = None if soft_labels is None else SoftLabels(soft_labels).task.columns
            assert first.reference.user_data.get(COLUMNS) == tags


# Nothing fails before the corpus is asked for, since [corpora] is built as a whole.


def fails(nlp=NLP, **settings):
    read = distill_corpus_v1(**settings)
    examples = read(nlp)
    with pytest.raises(DistillError) as error:
        next(iter(examples))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_neither(tmp_path):
    assert "gold or soft_labels in [corpora], got neither" in fails()


def test_missing_gold(tmp_path):
    path = tmp_path / "nowhere.spacy"
    assert f"gold annotation at {path}, got nothing there" in fails(gold=path)


def test_empty_gold(tmp_path):
    with pytest.warns(UserWarning, match="W090"):
        message = fails(gold=tmp_path)
    assert "got no Docs" in message


def test_gold_that_is_something_else(tmp_path):
    path = tmp_path / "gold.spacy"
    path.write_text("Anna PER", encoding="utf-8")
    assert f"a .spacy file, got something else in {path}" in fails(gold=path)


def test_missing_soft_labels(data, tmp_path):
    message = fails(gold=data[0], soft_labels=tmp_path / "nowhere")
    assert "spacy-distill annotate" in message


def test_soft_labels_of_another_language(data):
    message = fails(spacy.blank("de"), soft_labels=data[1])
    assert "language 'en'" in message
    assert "'de'" in message


def test_soft_labels_of_other_tokens(data):
    nlp = spacy.blank("en")
    nlp.tokenizer.add_special_case("number", [{"ORTH": "num"}, {"ORTH": "ber"}])
    assert "tokenizer" in fails(nlp, soft_labels=data[1])


@pytest.mark.parametrize("share", [-0.1, 1.0, 2.0])
def test_share_out_of_range(share):
    with pytest.raises(DistillError, match=rf"\[0, 1\), got {share}"):
        distill_corpus_v1(gold_share=share)


def test_is_registered():
    assert registry.readers.get("spacy_distill.DistillCorpus.v1") is distill_corpus_v1
