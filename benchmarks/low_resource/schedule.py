"""Work that waits for other work, several pieces at once."""

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Callable, Dict, List, Sequence, Set, Tuple

from spacy_distill.errors import DistillError

from .ending import asked_to_end

# Seconds from one look for a signal to the next.
_LOOK = 0.5


@dataclass(frozen=True)
class Task:
    """A piece of work. needs: names of the tasks that come first."""

    name: str
    work: Callable[[], None]
    needs: Tuple[str, ...] = ()


def run_tasks(
    tasks: Sequence[Task],
    *,
    jobs: int,
    on_error: Callable[[str, DistillError], None],
    on_end: Callable[[], None],
) -> Dict[str, DistillError]:
    """Do all tasks, the first of those that are ready first.

    jobs: how many at once. on_error: called with the name of a task that has failed.
    on_end: called when something else, such as Ctrl-C or `kill`, ends the whole; it is
        to make the running tasks return.

    Returns the errors of the tasks that failed, by name. The others go on, except
    those that need a failed one; they are left out. Raises KeyboardInterrupt after
    SIGINT or SIGTERM, when the running tasks have returned.
    """
    waiting: List[Task] = list(tasks)
    running: Dict[Future[None], str] = {}
    done: Set[str] = set()
    errors: Dict[str, DistillError] = {}
    with asked_to_end() as is_asked, ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            while True:
                if is_asked():
                    raise KeyboardInterrupt
                for task in [t for t in waiting if done.issuperset(t.needs)]:
                    if len(running) < jobs:
                        waiting.remove(task)
                        running[pool.submit(task.work)] = task.name
                if not running:
                    return errors
                ended, _ = wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED)
                for future in ended:
                    name = running.pop(future)
                    try:
                        future.result()
                        done.add(name)
                    except DistillError as error:
                        errors[name] = error
                        on_error(name, error)
        except BaseException:
            on_end()
            raise
