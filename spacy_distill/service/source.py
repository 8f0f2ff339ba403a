"""A service as what predicts the texts of a file."""

from typing import Any, Dict, Iterator, List, Optional, Sequence

from .client import Client, ServiceError

# Texts that the service refuses alone, not for being many.
_REFUSED = (413, 422, 500)


class ServiceSource:
    """A service that predicts texts; see `prediction.sources.PredictsTexts`.

    Args:
        url: Its address.
        api_key: API key, if it wants one.

    Raises:
        ServiceError: If it cannot be reached, or refuses.
    """

    def __init__(self, url: str, *, api_key: Optional[str] = None) -> None:
        self._client = Client(url, api_key=api_key, timeout=300.0)
        info = self._client.info()
        self.fingerprint = str(info["checksum"])
        self._tasks: List[str] = info["tasks"]
        self._most: int = info["max_chars"]

    def begin_shard(self) -> None:
        """Do nothing: the service gathers texts of all its clients."""

    def predict(self, texts: List[str]) -> List[Dict[str, Any]]:
        """Predict texts; see `PredictsTexts`."""
        found: List[Dict[str, Any]] = []
        for request in self._requests(texts):
            try:
                found += self._ask(request)
            except ServiceError as error:
                if error.status not in _REFUSED:
                    raise
                found += [self._ask_alone(text) for text in request]
        return found

    def _requests(self, texts: Sequence[str]) -> Iterator[List[str]]:
        """Group texts so that no request has too many characters."""
        group: List[str] = []
        size = 0
        for text in texts:
            if group and size + len(text) > self._most:
                yield group
                group, size = [], 0
            group.append(text)
            size += len(text)
        if group:
            yield group

    def _ask(self, texts: List[str]) -> List[Dict[str, Any]]:
        lines: List[Dict[str, Any]] = [{} for _ in texts]
        for task in self._tasks:
            for line, found in zip(lines, self._client.predict(texts, task=task)):
                if task == "textcat":
                    line["cats"] = {one["label"]: one["score"] for one in found}
                else:
                    line["entities"] = [
                        {
                            "start": one["start"],
                            "end": one["end"],
                            "label": one["entity_group"],
                            "score": one["score"],
                        }
                        for one in found
                    ]
        return lines

    def _ask_alone(self, text: str) -> Dict[str, Any]:
        try:
            return self._ask([text])[0]
        except ServiceError as error:
            if error.status not in _REFUSED:
                raise
            return {"error": str(error)}
