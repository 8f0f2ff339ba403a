# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: binding=True
# distutils: language = c++
"""The steps of prediction that numpy is slow at, over a whole batch and without the GIL.

Each function does what a few lines of numpy do elsewhere in the package, named in its
docstring. Those remain the reference, and what runs where this module is not installed;
see `kernel.py`. The functions trust the values in their arguments, and check only the
types of arrays.
"""

cimport numpy as np
from libc.math cimport exp, log, log1p
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libcpp.vector cimport vector
from preshed.maps cimport PreshMap
from spacy.attrs cimport IS_SPACE
from spacy.lexeme cimport Lexeme
from spacy.structs cimport SpanC, TokenC
from spacy.tokens.doc cimport Doc
from spacy.tokens.span_group cimport SpanGroup

import numpy as np

np.import_array()

cdef extern from "_kernel_loops.h" nogil:
    void tanh_of_all(const float* x, float* out, int64_t n)
    void quasi_recurrent_sequence(
        const float* table, int64_t edge, const int64_t* entries, int64_t n,
        int64_t width, int direction, float* out,
    )
    int all_finite(const float* x, int64_t n)
    void viterbi_sequence(
        double* best, int64_t n, int64_t n_tags, const double* start,
        const double* follow, const double* end, double* arrivals, int64_t* tags,
    )
    void path_sums_sequence(
        const double* own, int64_t n, int64_t n_tags, const double* edge,
        const double* weights, int direction, double* to, double* on,
    )

# Score of a tag that is not allowed, as in `lattice/transitions.py`.
cdef double IMPOSSIBLE = -1e30

# Values of TokenC.ent_iob.
cdef enum:
    INSIDE = 1
    OUTSIDE = 2
    BEGIN = 3


cdef struct Tokens:
    const TokenC* first
    int64_t length


cdef class TypeMap:
    """Entries of word types by the hash of their text, as the dict of `WordTypes`."""

    # Entry + 1, because a missing key has the value 0.
    cdef PreshMap entries

    def __init__(self):
        self.entries = PreshMap()

    def add(self, uint64_t key, size_t entry):
        """Set the entry of a key."""
        self.entries.set(key, <void*>(entry + 1))

    def find(self, docs):
        """Return the entries of all tokens, as `WordTypes.find`.

        Args:
            docs: A list of Docs.

        Returns:
            int64 [n_tokens]; None if the entry of a token is missing.
        """
        cdef vector[Tokens] parts = _tokens(docs)
        cdef np.ndarray out = _empty(sum(map(len, docs)), np.NPY_INT64)
        cdef int64_t* entry = _ints(out)
        cdef bint is_complete = True
        cdef Tokens part
        cdef int64_t i
        with nogil:
            for part in parts:
                for i in range(part.length):
                    entry[0] = <int64_t>self.entries.get(part.first[i].lex.orth) - 1
                    is_complete &= entry[0] >= 0
                    entry += 1
        return out if is_complete else None


def tanh(np.ndarray x not None):
    """Return the hyperbolic tangent as `quasi_recurrent` computes it.

    Args:
        x: float32 [n].

    Returns:
        float32 [n], with an absolute error below 5e-7.
    """
    cdef np.ndarray out = _empty(np.PyArray_SIZE(x), np.NPY_FLOAT32)
    tanh_of_all(_floats(x), _floats(out), np.PyArray_SIZE(x))
    return out


def quasi_recurrent(
    np.ndarray table not None, np.ndarray entries not None, lengths, int64_t width
):
    """Return the states of both directions, as `QuasiRecurrent.predict`.

    Args:
        table: Rows of word types, float32 [n_rows, 12 * width]. The last is zeros.
        entries: Row of each token, int64 [n_tokens].
        lengths: Number of tokens of each sequence.
        width: Units in each direction.

    Returns:
        float32 [n_tokens, 2 * width].
    """
    cdef vector[int64_t] counts = _counts(lengths, np.PyArray_SIZE(entries))
    cdef np.npy_intp* shape = [np.PyArray_SIZE(entries), 2 * width]
    cdef np.ndarray states = np.PyArray_EMPTY(2, shape, np.NPY_FLOAT32, 0)
    if np.PyArray_DIM(table, 1) != 12 * width:
        raise ValueError(f"Expected rows of {12 * width}, got {table.shape[1]}.")
    cdef const float* rows = _floats(table)
    cdef const int64_t* entry = _ints(entries)
    cdef float* out = _floats(states)
    cdef int64_t edge = np.PyArray_DIM(table, 0) - 1
    cdef int64_t n
    with nogil:
        for n in counts:
            quasi_recurrent_sequence(rows, edge, entry, n, width, 0, out)
            quasi_recurrent_sequence(rows, edge, entry, n, width, 1, out)
            entry += n
            out += 2 * width * n
    return states


def is_finite(np.ndarray x not None):
    """Return whether no value of a float32 array is NaN or infinite."""
    return bool(all_finite(_floats(x), np.PyArray_SIZE(x)))


def best_tags(
    np.ndarray logits not None, lengths, grammar, np.ndarray needed, np.ndarray allowed
):
    """Find the highest-scoring tags, as `_best_tags` of `lattice/decode.py`.

    Args:
        logits: float32 [n_tokens, n_tags].
        lengths: Number of tokens of each sequence.
        grammar: A `TagGrammar`.
        needed: Leads that a tag must have over each other, float32 [n_tags, n_tags];
            None for none.
        allowed: Tags that each token may have, bool [n_tokens, n_tags]; None for all.

    Returns:
        Tags, int64 [n_tokens], and whether they may not be the best valid ones of a
        sequence, bool [n_sequences].
    """
    cdef vector[int64_t] counts = _counts(lengths, np.PyArray_DIM(logits, 0))
    cdef np.ndarray tags = _empty(np.PyArray_DIM(logits, 0), np.NPY_INT64)
    cdef np.ndarray redo = _empty(counts.size(), np.NPY_BOOL)
    cdef int64_t n_tags = np.PyArray_DIM(logits, 1)
    cdef const float* row = _floats(logits)
    cdef int64_t* tag = _ints(tags)
    cdef uint8_t* is_wrong = _bools(redo)
    cdef const uint8_t* start = _bools(grammar.start)
    cdef const uint8_t* follow = _bools(grammar.follow)
    cdef const uint8_t* end = _bools(grammar.end)
    cdef const uint8_t* mask = NULL
    cdef const float* leads = NULL
    cdef const uint8_t* valid
    cdef int64_t n, i, best = 0
    if allowed is not None:
        mask = _bools(allowed)
    if needed is not None:
        leads = _floats(needed)
    with nogil:
        for n in counts:
            is_wrong[0] = False
            valid = start
            for i in range(n):
                best = _argmax(row, n_tags)
                is_wrong[0] |= not valid[best]
                if mask is not NULL:
                    is_wrong[0] |= not mask[best]
                    mask += n_tags
                if leads is not NULL:
                    is_wrong[0] |= not _leads(row, leads + best * n_tags, best, n_tags)
                valid = follow + best * n_tags
                tag[0] = best
                tag += 1
                row += n_tags
            if n:
                is_wrong[0] |= not end[best]
            is_wrong += 1
    return tags, redo


def viterbi(np.ndarray emissions not None, lengths, transitions):
    """Return the highest-scoring tags, as `viterbi` of `lattice/decode.py`.

    Args:
        emissions: float64 [n_tokens, n_tags].
        lengths: Number of tokens of each sequence.
        transitions: A `Transitions`.

    Returns:
        int64 [n_tokens].
    """
    cdef vector[int64_t] counts = _counts(lengths, np.PyArray_DIM(emissions, 0))
    cdef np.ndarray scores = np.PyArray_NewCopy(emissions, np.NPY_CORDER)
    cdef int64_t n_tags = np.PyArray_DIM(scores, 1)
    cdef np.ndarray tags = _empty(np.PyArray_DIM(scores, 0), np.NPY_INT64)
    cdef double* best = _doubles(scores)
    cdef const double* start = _doubles(transitions.start)
    cdef const double* follow = _doubles(transitions.follow)
    cdef const double* end = _doubles(transitions.end)
    cdef int64_t* tag = _ints(tags)
    cdef vector[double] arrivals
    cdef int64_t n
    arrivals.resize(n_tags)
    with nogil:
        for n in counts:
            viterbi_sequence(
                best, n, n_tags, start, follow, end, arrivals.data(), tag
            )
            best += n * n_tags
            tag += n
    return tags


def path_sums(np.ndarray own not None, lengths, np.ndarray edges not None,
              np.ndarray weights not None):
    """Return sums over partial paths, as `path_sums` of `lattice/path_sums.py`.

    Args:
        own: Factors of the tokens' tags, exp(scores), float64 [n_tokens, n_tags].
        lengths: Number of tokens of each sequence.
        edges: Factors of first tags, then of last tags, float64 [2 * n_tags].
        weights: Factors of transitions, float64 [n_tags, n_tags].

    Returns:
        Sums from the start to a tag without its own factor, and from a tag with it to
        the end, float64 [n_tokens, n_tags] each. Rows are exact up to a factor.
    """
    cdef vector[int64_t] counts = _counts(lengths, np.PyArray_DIM(own, 0))
    cdef int64_t n_tags = np.PyArray_DIM(own, 1)
    cdef np.ndarray backward = np.PyArray_NewCopy(weights.T, np.NPY_CORDER)
    cdef np.ndarray to = np.PyArray_NewCopy(own, np.NPY_CORDER)
    cdef np.ndarray on = np.PyArray_NewCopy(own, np.NPY_CORDER)
    cdef np.ndarray other = np.PyArray_NewCopy(own, np.NPY_CORDER)
    cdef const double* factors = _doubles(own)
    cdef const double* edge = _doubles(edges)
    cdef const double* forward_weights = _doubles(weights)
    cdef const double* backward_weights = _doubles(backward)
    cdef double* to_sums = _doubles(to)
    cdef double* on_sums = _doubles(on)
    cdef double* other_sums = _doubles(other)
    cdef int64_t n, at = 0
    with nogil:
        for n in counts:
            path_sums_sequence(
                factors + at, n, n_tags, edge, forward_weights, 0,
                to_sums + at, other_sums + at,
            )
            path_sums_sequence(
                factors + at, n, n_tags, edge + n_tags, backward_weights, 1,
                other_sums + at, on_sums + at,
            )
            at += n * n_tags
    return to, on


def find_entities(np.ndarray tags not None, lengths, np.ndarray opens not None,
                  np.ndarray closes not None):
    """Return the entities of valid tags, as `_find_entities` of `decoding.py`.

    Args:
        tags: int64 [n_tokens].
        lengths: Number of tokens of each sequence.
        opens: Tags that start an entity, bool [n_tags].
        closes: Tags that end one, bool [n_tags].

    Returns:
        The sequence of each entity, its first token and the one after its last, counted
        over all sequences, int64 [n_entities] each.
    """
    cdef vector[int64_t] counts = _counts(lengths, np.PyArray_SIZE(tags))
    cdef const int64_t* tag = _ints(tags)
    cdef const uint8_t* is_open = _bools(opens)
    cdef const uint8_t* is_close = _bools(closes)
    cdef vector[int64_t] docs, starts, ends
    cdef int64_t doc = 0, i = 0, last = 0, n
    with nogil:
        for n in counts:
            last += n
            while i < last:
                if is_open[tag[i]]:
                    docs.push_back(doc)
                    starts.push_back(i)
                i += 1
                if is_close[tag[i - 1]]:
                    ends.push_back(i)
            doc += 1
    return _array(docs), _array(starts), _array(ends)


def span_scores(np.ndarray logits not None, np.ndarray tags not None,
                np.ndarray starts not None, np.ndarray ends not None,
                np.ndarray allowed):
    """Return the products of the tokens' probabilities, as `_span_scores`.

    Args:
        logits: float32 [n_tokens, n_tags].
        tags: int64 [n_tokens].
        starts: First token of each span, int64 [n_spans].
        ends: The token after its last, int64 [n_spans].
        allowed: Tags that each token may have, bool [n_tokens, n_tags]; None for all.

    Returns:
        float64 [n_spans].
    """
    cdef int64_t n_spans = np.PyArray_SIZE(starts), n_tags = np.PyArray_DIM(logits, 1)
    cdef np.ndarray out = _empty(n_spans, np.NPY_FLOAT64)
    cdef double* score = _doubles(out)
    cdef const float* rows = _floats(logits)
    cdef const int64_t* tag = _ints(tags)
    cdef const int64_t* start = _ints(starts)
    cdef const int64_t* end = _ints(ends)
    cdef const uint8_t* mask = NULL
    cdef vector[double] values
    cdef double most, total, along
    cdef int64_t span, i, j
    values.resize(n_tags)
    if allowed is not None:
        mask = _bools(allowed)
    with nogil:
        for span in range(n_spans):
            along = 0.0
            for i in range(start[span], end[span]):
                most = IMPOSSIBLE
                for j in range(n_tags):
                    values[j] = rows[i * n_tags + j]
                    if mask is not NULL and not mask[i * n_tags + j]:
                        values[j] = IMPOSSIBLE
                    if values[j] > most:
                        most = values[j]
                total = 0.0
                for j in range(n_tags):
                    total += exp(values[j] - most)
                along += values[tag[i]] - most - log(total)
            score[span] = exp(along)
    return out


def beta_calibrated(
    np.ndarray probabilities not None, double a, double b, double c, double epsilon
):
    """Return calibrated probabilities, as `BetaCalibration.apply`.

    Args:
        probabilities: Raw probabilities, float64 [n].
        a: Weight of log(p).
        b: Weight of -log(1 - p).
        c: Intercept.
        epsilon: Raw probabilities nearer to 0 or 1 are moved this far away.

    Returns:
        float64 [n].
    """
    cdef np.npy_intp n = np.PyArray_SIZE(probabilities)
    cdef np.ndarray out = _empty(n, np.NPY_FLOAT64)
    cdef const double* values = _doubles(probabilities)
    cdef double* calibrated = _doubles(out)
    cdef np.npy_intp i
    cdef double p
    with nogil:
        for i in range(n):
            p = min(max(values[i], epsilon), 1.0 - epsilon)
            calibrated[i] = 1.0 / (1.0 + exp(b * log1p(-p) - a * log(p) - c))
    return out


def has_spaces_or_entities(docs):
    """Return whether each Doc has whitespace tokens or any entity annotation."""
    return [_has_entities(doc) or _has_spaces(doc) for doc in docs]


def has_entities(Doc doc not None):
    """Return `doc.has_annotation("ENT_IOB")`."""
    return _has_entities(doc)


def set_entities(Doc doc not None, found, SpanGroup group):
    """Set the entities of a Doc without any, as `_set` of `annotations.py`.

    Args:
        doc: The Doc.
        found: Start, end, label and score of each, in order.
        group: A span group of the Doc, to which they are added; None for none.

    Raises:
        IndexError: If one is outside of the Doc. Nothing is written then.
    """
    cdef int64_t i, start, end
    cdef SpanC span
    for start, end, _, _ in found:
        if not 0 <= start < end <= doc.length:
            raise IndexError(
                f"Expected spans in a Doc of {doc.length} tokens, got {start}:{end}."
            )
    for i in range(doc.length):
        doc.c[i].ent_iob = OUTSIDE
        doc.c[i].ent_type = doc.c[i].ent_kb_id = 0
    for start, end, label, _ in found:
        span.start, span.end = start, end
        span.start_char = doc.c[start].idx
        span.end_char = doc.c[end - 1].idx + doc.c[end - 1].lex.length
        span.label = doc.vocab.strings.add(label)
        span.id = span.kb_id = 0
        for i in range(start, end):
            doc.c[i].ent_iob = INSIDE
            doc.c[i].ent_type = span.label
        doc.c[start].ent_iob = BEGIN
        if group is not None:
            group.push_back(span)


cdef bint _has_entities(Doc doc):
    cdef int64_t i
    if not doc.length:
        return True
    for i in range(doc.length):
        if doc.c[i].ent_iob:
            return True
    return False


cdef bint _has_spaces(Doc doc):
    cdef int64_t i
    for i in range(doc.length):
        if Lexeme.c_check_flag(doc.c[i].lex, IS_SPACE):
            return True
    return False


cdef inline int64_t _argmax(const float* scores, int64_t n) noexcept nogil:
    cdef int64_t i, best = 0
    for i in range(1, n):
        if scores[i] > scores[best]:
            best = i
    return best


cdef inline bint _leads(
    const float* scores, const float* needed, int64_t best, int64_t n
) noexcept nogil:
    """Whether the best score leads each other by more than it needs to."""
    cdef int64_t i
    for i in range(n):
        if not needed[i] + scores[i] < scores[best]:
            return False
    return True


cdef vector[Tokens] _tokens(docs) except *:
    """The tokens of Docs, which must be kept alive for as long as they are read."""
    cdef vector[Tokens] out
    cdef Tokens part
    cdef Doc doc
    for doc in docs:
        part.first, part.length = doc.c, doc.length
        out.push_back(part)
    return out


cdef vector[int64_t] _counts(lengths, int64_t n_tokens) except *:
    """The lengths of sequences, which must have so many tokens in all."""
    cdef vector[int64_t] counts = lengths
    cdef int64_t n
    cdef int64_t total = 0
    for n in counts:
        if n < 0:
            raise ValueError(f"Expected lengths of 0 or more, got {n}.")
        total += n
    if total != n_tokens:
        raise ValueError(f"Expected lengths with the sum {n_tokens}, got {total}.")
    return counts


cdef np.ndarray _array(const vector[int64_t]& values):
    cdef np.ndarray out = _empty(values.size(), np.NPY_INT64)
    cdef int64_t* place = _ints(out)
    cdef size_t i
    for i in range(values.size()):
        place[i] = values[i]
    return out


cdef np.ndarray _empty(np.npy_intp size, int dtype):
    return np.PyArray_EMPTY(1, &size, dtype, 0)


cdef float* _floats(np.ndarray array) except NULL:
    return <float*>_data(array, np.NPY_FLOAT32)


cdef double* _doubles(np.ndarray array) except NULL:
    return <double*>_data(array, np.NPY_FLOAT64)


cdef int64_t* _ints(np.ndarray array) except NULL:
    return <int64_t*>_data(array, np.NPY_INT64)


cdef uint8_t* _bools(np.ndarray array) except NULL:
    return <uint8_t*>_data(array, np.NPY_BOOL)


cdef void* _data(np.ndarray array, int dtype) except NULL:
    if np.PyArray_TYPE(array) != dtype or not np.PyArray_ISCARRAY_RO(array):
        raise TypeError(
            f"Expected a contiguous array of {np.PyArray_DescrFromType(dtype)}, got"
            f" {array.dtype}, contiguous: {array.flags.c_contiguous}."
        )
    return np.PyArray_DATA(array)
