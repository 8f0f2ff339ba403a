import spacy
from spacy.tokenizer import Tokenizer
from spacy.util import compile_infix_regex

from spacy_distill.docs import tokenizer_hash


def test_same_rules_give_the_same_hash(tmp_path):
    nlp = spacy.blank("en")
    before = tokenizer_hash(nlp)
    list(nlp.pipe(["Some quite unheard-of words, e.g. Zyzzyva."]))
    assert tokenizer_hash(nlp) == before
    nlp.to_disk(tmp_path)
    assert tokenizer_hash(spacy.load(tmp_path)) == before
    assert tokenizer_hash(spacy.blank("en")) == before


def test_other_rules_give_another_hash():
    hashes = {tokenizer_hash(spacy.blank(lang)) for lang in ("en", "de", "zh", "xx")}
    exception = spacy.blank("en")
    exception.tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {"ORTH": "me"}])
    infix = spacy.blank("en")
    infix.tokenizer.infix_finditer = compile_infix_regex(["-"]).finditer
    plain = spacy.blank("en")
    plain.tokenizer = Tokenizer(plain.vocab)
    hashes.update(tokenizer_hash(nlp) for nlp in (exception, infix, plain))
    assert len(hashes) == 7
