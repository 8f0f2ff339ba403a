"""Work that waits for other work, several pieces at once."""

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Callable, Dict, List, Sequence, Set, Tuple

from spacy_distill.errors import DistillError


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
    on_end: called when something else, such as Ctrl-C, ends the whole; it is to make
        the running tasks return.

    Returns the errors of the tasks that failed, by name. The others go on, except
    those that need a failed one; they are left out.
    """
    waiting: List[Task] = list(tasks)
    running: Dict[Future[None], str] = {}
    done: Set[str] = set()
    errors: Dict[str, DistillError] = {}
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            while True:
                for task in [t for t in waiting if done.issuperset(t.needs)]:
                    if len(running) < jobs:
                        waiting.remove(task)
                        running[pool.submit(task.work)] = task.name
                if not running:
                    return errors
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
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
