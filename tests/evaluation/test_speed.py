from rule_teacher import make_rule_teacher
from small import TEXTS, trained

from spacy_distill.evaluation import speed


def test_all_pipelines_have_turns_after_a_warm_up(monkeypatch):
    passes = []
    pipelines = {"rules": make_rule_teacher(), "student": trained()}
    names = {id(nlp): name for name, nlp in pipelines.items()}

    def fake(nlp, texts):
        passes.append((names[id(nlp)], len(texts)))
        return {"rules": 0.2, "student": 1.0}[names[id(nlp)]] * len(texts)

    monkeypatch.setattr(speed, "_seconds", fake)
    monkeypatch.setattr(speed, "_SECONDS_A_PASS", 1.0)
    speeds = speed.words_per_second(pipelines, ["a b", "c"], words=3, rounds=2)
    # 0.4 s for the two texts: three times over, to last a second.
    turns = [("rules", 6), ("student", 2)]
    assert passes == [("rules", 2), ("student", 2), *turns, *turns]
    assert speeds == {"rules": 3 * 3 / (0.2 * 6), "student": 3 / 2.0}


def test_with_real_pipelines(monkeypatch):
    monkeypatch.setattr(speed, "_SECONDS_A_PASS", 0.0)
    pipelines = {"student": trained(), "rules": make_rule_teacher()}
    speeds = speed.words_per_second(pipelines, TEXTS, words=20, rounds=1)
    assert list(speeds) == ["student", "rules"]
    assert all(value > 0 for value in speeds.values())
