from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.corpora.repeats import longest_repeat, repeated_runs

texts = st.lists(st.lists(st.sampled_from("abc"), max_size=8), max_size=5)


def shared(one, other):
    """All runs of two sentences, the slow and plain way."""
    runs = [
        {tuple(words[i:j]) for i, j in combinations(range(len(words) + 1), 2)}
        for words in (one, other)
    ]
    return runs[0] & runs[1]


@settings(deadline=None)
@given(texts)
def test_longest_repeat_is_that_of_the_closest_pair(sentences):
    lengths = [len(r) for a, b in combinations(sentences, 2) for r in shared(a, b)]
    assert longest_repeat(sentences, at_most=9) == max(lengths, default=0)


@settings(deadline=None)
@given(texts, st.integers(1, 4))
def test_every_shared_run_lies_in_a_reported_one(sentences, at_least):
    found = repeated_runs(sentences, at_least=at_least)
    for (i, one), (j, other) in combinations(enumerate(sentences), 2):
        for run in shared(one, other):
            if len(run) >= at_least:
                assert any(
                    {i, j} <= set(r.sentences)
                    and any(
                        r.words[k : k + len(run)] == run for k in range(len(r.words))
                    )
                    for r in found
                )
    for run in found:
        assert len(run.sentences) > 1
        assert all(
            run.words in shared(sentences[a], sentences[b])
            for a, b in combinations(run.sentences, 2)
        )


def test_a_run_inside_a_longer_one_is_not_reported_twice():
    sentences = [list("xabcdy"), list("abcd"), list("zbc")]
    found = repeated_runs(sentences, at_least=2)
    assert [("".join(r.words), r.sentences) for r in found] == [
        ("abcd", (0, 1)),
        ("bc", (0, 1, 2)),
    ]


def test_a_run_twice_in_one_sentence_is_no_template():
    assert repeated_runs([list("abab")], at_least=2) == []
