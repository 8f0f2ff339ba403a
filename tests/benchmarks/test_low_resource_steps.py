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
    plan = rule.plan(sentences, batch=batch)
    assert plan.steps == plan.every * evaluations
    wanted = max(at_least, passes * sentences / batch)
    assert wanted <= plan.steps < wanted + evaluations


@pytest.mark.parametrize(
    ("name", "sentences", "batch", "steps"),
    [
        ("teacher", 150, 16, Steps(400, 100)),
        ("teacher", 750, 16, Steps(940, 235)),
        ("student", 14041, 32, Steps(7900, 395)),
        ("gold", 750, 32, Steps(1400, 70)),
    ],
)
def test_defaults_on_conll2003(name, sentences, batch, steps):
    assert read_settings().steps[name].plan(sentences, batch=batch) == steps
