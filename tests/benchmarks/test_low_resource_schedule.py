import signal
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from low_resource.schedule import Task, run_tasks

from spacy_distill.errors import DistillError


def do(tasks, jobs=1, on_end=lambda: None):
    told = []
    errors = run_tasks(
        tasks, jobs=jobs, on_error=lambda name, _: told.append(name), on_end=on_end
    )
    assert told == list(errors)
    return errors


@st.composite
def plans(draw):
    """Names with the earlier or later names each needs, without a circle."""
    names = draw(st.permutations([f"t{i}" for i in range(draw(st.integers(1, 8)))]))
    needs = {
        name: draw(st.sets(st.sampled_from(names[:i]))) if i else set()
        for i, name in enumerate(names)
    }
    order = draw(st.permutations(names))
    failing = draw(st.sets(st.sampled_from(names)))
    return [(name, needs[name]) for name in order], failing


@given(plans(), st.integers(1, 3))
def test_each_after_what_it_needs(plan, jobs):
    listed, failing = plan
    needs = dict(listed)
    begun, ended = [], set()

    def work(name):
        assert needs[name] <= ended
        begun.append(name)
        if name in failing:
            raise DistillError(name)
        ended.add(name)

    tasks = [
        Task(name, lambda name=name: work(name), tuple(need)) for name, need in listed
    ]
    errors = do(tasks, jobs=jobs)

    def possible(name):
        return all(n not in failing and possible(n) for n in needs[name])

    assert sorted(begun) == sorted(name for name in needs if possible(name))
    assert errors.keys() == {name for name in begun if name in failing}


def test_the_first_that_is_ready_comes_first():
    order = []
    names = ["b", "a", "c", "d"]
    needs = {"b": ("c",)}
    do([Task(n, lambda n=n: order.append(n), needs.get(n, ())) for n in names])
    assert order == ["a", "c", "b", "d"]


def test_two_at_once():
    both = threading.Barrier(2)
    do([Task(str(i), both.wait) for i in range(4)], jobs=2)


def test_what_is_unforeseen_ends_the_others():
    end, others = threading.Event(), []

    def fail():
        while not others:
            pass
        raise KeyboardInterrupt

    def wait():
        others.append("begun")
        end.wait()
        others.append("ended")

    tasks = [
        Task("wait", wait),
        Task("fail", fail),
        Task("later", lambda: others.append("later")),
    ]
    with pytest.raises(KeyboardInterrupt):
        do(tasks, jobs=2, on_end=end.set)
    assert others == ["begun", "ended"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_does_not_wake_the_main_thread(number):
    end, others = threading.Event(), []
    before = signal.getsignal(number)

    def work():
        # Taken by this thread, so it finds the main one asleep and leaves it so.
        signal.pthread_kill(threading.get_ident(), number)
        others.append(end.wait(timeout=60))

    later = Task("later", lambda: others.append("later"))
    with pytest.raises(KeyboardInterrupt):
        do([Task("work", work), later], on_end=end.set)
    assert others == [True]
    assert signal.getsignal(number) is before


def test_a_signal_as_all_has_been_done():
    work = Task("work", lambda: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(KeyboardInterrupt):
        do([work])


def test_signals_that_are_ignored_stay_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        work = Task("work", lambda: signal.raise_signal(signal.SIGINT))
        assert do([work]) == {}
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
