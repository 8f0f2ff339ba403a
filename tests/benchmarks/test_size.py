"""Quantization and pruning, alone and together, on tiny pipelines."""

import json

import numpy as np
import pytest
import spacy
from size.pruning import prune_magnitudes, without_smallest
from size.run import main
from size.variants import STUDENT, TEACHER
from small import trained, write_gold
from tiny_teachers import make_bert_teacher
from with_pieces import trained_with_pieces

from spacy_distill.students.encoder import get_encoders


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_the_smallest_numbers_are_zero(share):
    array = np.random.default_rng(0).normal(size=(20, 10)).astype(np.float32)
    out = without_smallest(array, share)
    expected = array.copy()
    for place in np.argsort(np.abs(array), axis=None)[: round(share * array.size)]:
        expected.flat[place] = 0
    np.testing.assert_array_equal(out, expected)


def test_pieces_are_pruned_as_what_they_stand_for():
    nlp = trained_with_pieces()
    (encoder,) = get_encoders(nlp.get_pipe("ner").model)
    scales = encoder.get_param("piece_scales")[:, None]
    before = encoder.get_param("piece_vectors") * scales
    prune_magnitudes(nlp, 0.5)
    after = encoder.get_param("piece_vectors") * scales
    assert encoder.get_param("piece_vectors").dtype == np.int8
    kept = after != 0
    np.testing.assert_array_equal(after[kept], before[kept])
    assert np.abs(before[~kept]).max() <= np.abs(before[kept]).min()
    biases = [
        encoder.get_param("char_conv_b"),
        encoder.get_param("lstm_0_forward_bias"),
    ]
    assert all(np.count_nonzero(bias) > 0.9 * bias.size for bias in biases)


@pytest.mark.slow
def test_rows_and_table(tmp_path, capsys):
    trained_with_pieces().to_disk(tmp_path / "student")
    make_bert_teacher(tmp_path / "bert").to_disk(tmp_path / "teacher")
    gold = write_gold(tmp_path / "gold.spacy", spacy.blank("en"))
    args = ["--student", str(tmp_path / "student"), "--test", str(gold)]
    args += ["--teacher", str(tmp_path / "teacher"), "-o", str(tmp_path / "results")]
    main(args)
    rows = json.loads((tmp_path / "results" / "size.json").read_bytes())
    names = [(row["system"], row["variant"]) for row in rows]
    assert names == [
        *(("teacher", name) for name in TEACHER),
        *(("student", name) for name in STUDENT),
    ]
    found = dict(zip(names, rows))
    for system in ("teacher", "student"):
        plain, int8 = found[system, "float32"], found[system, "int8"]
        pruned, both = found[system, "50 % pruned"], found[system, "50 % pruned, int8"]
        assert both["zipped_mb"] < int8["zipped_mb"]
        assert pruned["zipped_mb"] < plain["zipped_mb"]
        assert pruned["nonzero"] < 0.7 * plain["nonzero"]
        assert pruned["parameters"] == plain["parameters"] >= plain["nonzero"]
        assert plain["dev_f1"] is None
    sizes = [found["student", name]["zipped_mb"] for name in ("int8", "float32")]
    assert sizes[0] < sizes[1]
    assert found["student", "float32"]["test_f1"] == 100.0
    assert found["student", "float16"]["test_f1"] == 100.0
    table = (tmp_path / "results" / "size.md").read_text(encoding="utf-8")
    assert len(table.splitlines()) == 4 + len(rows)
    capsys.readouterr()
    # What is there is not measured again, but what has changed is.
    main(args)
    assert "student, int8\n" not in capsys.readouterr().out
    trained().to_disk(tmp_path / "student")
    main(args)
    told = capsys.readouterr().out
    assert "student, int8\n" in told
    assert "teacher, int8\n" not in told
