from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from low_resource.settings import read_settings
from low_resource.steps import StepRule, Steps


@given(
    passes=st.floats(0, 100),
    at_least=st.integers(1, 5000),
    evaluations=st.integers(1, 50),
    sentences=st.integers(1, 20000),
    batch=st.integers(1, 64),
)
def test_the_last_step_is_evaluated(passes, at_least, evaluations, sentences, batch):
    rule = StepRule(passes=passes, at_least=at_least, evaluations=evaluations)
    plan = rule.plan(sentences, labels=sentences, batch=batch)
    assert plan.steps == plan.every * evaluations
    wanted = max(at_least, passes * sentences / batch)
    assert wanted <= plan.steps < wanted + evaluations


@given(
    at_least=st.integers(1, 500),
    more=st.integers(0, 5000),
    evaluations=st.integers(1, 50),
    sentences=st.integers(1, 20000),
)
def test_a_limit_of_steps(at_least, more, evaluations, sentences):
    free = StepRule(passes=20, at_least=at_least, evaluations=evaluations)
    limited = replace(free, at_most=at_least + more)
    without = free.plan(sentences, labels=sentences, batch=16)
    plan = limited.plan(sentences, labels=sentences, batch=16)
    if max(at_least, 20 * sentences / 16) <= at_least + more:
        assert plan == without
    else:
        assert at_least + more <= plan.steps < at_least + more + evaluations


@pytest.mark.parametrize(
    ("name", "sentences", "labels", "batch", "steps"),
    [
        ("teacher", 150, 150, 16, Steps(400, 200)),
        ("teacher", 750, 750, 16, Steps(938, 469)),
        ("teacher", 1500, 1500, 16, Steps(1876, 938)),
        ("teacher", 3000, 3000, 16, Steps(2500, 1250)),
        ("student", 14041, 300, 64, Steps(1976, 247)),
        ("student", 14041, 301, 64, Steps(3952, 494)),
        ("gold", 750, 750, 64, Steps(704, 88)),
    ],
)
def test_defaults_on_conll2003(name, sentences, labels, batch, steps):
    plan = read_settings().steps[name].plan(sentences, labels=labels, batch=batch)
    assert plan == steps
