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
from libc.math cimport exp as exact_exp, log, log1p
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
    void exp_of_all(double* x, int64_t n)
    void quasi_recurrent_sequence(
        const float* table, int64_t edge, const int64_t* entries, int64_t n,
        int64_t width, int direction, float* out,
    )
    enum:
        LSTM_UNITS
    int HAS_AVX2
    void lstm_sequences(
        const float* table, const int64_t* entries, const float* weights, int64_t n,
        int64_t width, int64_t stride, const float* before, float* cell, float* after,
        const int64_t* rows, float* out,
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

cdef extern from *:
    # Set by setup.py.
    const unsigned long KERNEL_CHECKSUM

CHECKSUM = KERNEL_CHECKSUM
# Whether `lstm` is faster than numpy. With SSE2 it takes up to three times as long.
HAS_FAST_LSTM = bool(HAS_AVX2)

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


def exp(np.ndarray x not None):
    """Return the exponential function as `crf_span_scores` computes it.

    Args:
        x: Numbers of 0 or less, float64 [n].

    Returns:
        float64 [n], with a relative error below 1e-15; 0 for numbers below -708.
    """
    cdef np.ndarray out = np.PyArray_NewCopy(x, np.NPY_CORDER)
    exp_of_all(_doubles(out), np.PyArray_SIZE(out))
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


def lstm(
    np.ndarray table not None, np.ndarray entries not None, np.ndarray rows not None,
    sizes, np.ndarray weights not None, np.ndarray out not None, bint direction
):
    """Write the states of one direction of a layer, as `BiLSTM._recur`.

    Args:
        table: What word types add to the gates, float32 [n_rows, 4 * width].
        entries: Row of each token in it, int64 [n_tokens].
        rows: Tokens in packed order, int64 [n_tokens].
        sizes: Number of sequences with a token at each step, falling.
        weights: The recurrent weights, as `BiLSTM.prepare` orders them, float32
            [n_blocks, width, 4, LSTM_UNITS].
        out: States of both directions, float32 [n_tokens, 2 * width].
        direction: 0 to write the first half of `out`, 1 for the second.
    """
    cdef int64_t width = np.PyArray_DIM(out, 1) // 2, n_tokens = np.PyArray_SIZE(rows)
    cdef vector[int64_t] counts = _counts(sizes, n_tokens)
    cdef vector[int64_t] packed
    cdef vector[float] cell, before, after
    cdef int64_t n, i, start = 0
    cdef const float* gates = _floats(table)
    cdef const float* blocks = _floats(weights)
    cdef const int64_t* entry = _ints(entries)
    cdef const int64_t* row = _ints(rows)
    cdef float* states = _floats(out) + direction * width
    cdef int64_t stride = (width + LSTM_UNITS - 1) // LSTM_UNITS * LSTM_UNITS
    if np.PyArray_DIM(table, 1) != 4 * width:
        raise ValueError(f"Expected rows of {4 * width}, got {table.shape[1]}.")
    if np.PyArray_SIZE(weights) != 4 * stride * width:
        raise ValueError(f"Expected recurrent weights of width {width}.")
    if not n_tokens:
        return
    with nogil:
        packed.resize(n_tokens)
        for i in range(n_tokens):
            packed[i] = entry[row[i]]
        cell.resize(counts[0] * stride)
        before.resize(counts[0] * stride)
        after.resize(counts[0] * stride)
        for n in counts:
            lstm_sequences(
                gates, packed.data() + start, blocks, n, width, stride,
                before.data(), cell.data(), after.data(), row + start, states,
            )
            before.swap(after)
            start += n


def is_finite(np.ndarray x not None):
    """Return whether no value of a float32 array is NaN or infinite."""
    return bool(all_finite(_floats(x), np.PyArray_SIZE(x)))


def decode(
    np.ndarray logits not None, lengths, grammar, transitions, np.ndarray needed,
    np.ndarray allowed,
):
    """Find the best valid tags, as `decode` of `lattice/decode.py`.

    Args:
        logits: float32 [n_tokens, n_tags].
        lengths: Number of tokens of each sequence.
        grammar: A `TagGrammar`.
        transitions: A `Transitions`.
        needed: Leads that a tag must have over each other, float32 [n_tags, n_tags];
            None for none.
        allowed: Tags that each token may have, bool [n_tokens, n_tags]; None for all.

    Returns:
        int64 [n_tokens].
    """
    cdef vector[int64_t] counts = _counts(lengths, np.PyArray_DIM(logits, 0))
    cdef np.ndarray tags = _empty(np.PyArray_DIM(logits, 0), np.NPY_INT64)
    cdef int64_t n_tags = np.PyArray_DIM(logits, 1)
    cdef const float* row = _floats(logits)
    cdef int64_t* tag = _ints(tags)
    cdef const uint8_t* may_start = _bools(grammar.start)
    cdef const uint8_t* may_follow = _bools(grammar.follow)
    cdef const uint8_t* may_end = _bools(grammar.end)
    cdef const double* start = _doubles(transitions.start)
    cdef const double* follow = _doubles(transitions.follow)
    cdef const double* end = _doubles(transitions.end)
    cdef const uint8_t* mask = NULL
    cdef const float* leads = NULL
    cdef const uint8_t* valid
    cdef vector[double] emissions, arrivals
    cdef int64_t n, i, best
    cdef bint is_wrong
    arrivals.resize(n_tags)
    if allowed is not None:
        mask = _bools(allowed)
    if needed is not None:
        leads = _floats(needed)
    with nogil:
        for n in counts:
            # The highest-scoring tags, and whether another sequence may be better.
            is_wrong = False
            valid, best = may_start, 0
            for i in range(n):
                best = _argmax(row + i * n_tags, n_tags)
                is_wrong |= not valid[best]
                if mask is not NULL:
                    is_wrong |= not mask[i * n_tags + best]
                if leads is not NULL:
                    is_wrong |= not _leads(
                        row + i * n_tags, leads + best * n_tags, best, n_tags
                    )
                valid = may_follow + best * n_tags
                tag[i] = best
            if n and (is_wrong or not may_end[best]):
                _constrain(row, mask, n * n_tags, emissions)
                viterbi_sequence(
                    emissions.data(), n, n_tags, start, follow, end, arrivals.data(),
                    tag,
                )
            tag += n
            row += n * n_tags
            if mask is not NULL:
                mask += n * n_tags
    return tags


def crf_span_scores(
    np.ndarray logits not None, lengths, transitions, np.ndarray tags not None,
    np.ndarray sequences not None, np.ndarray starts not None,
    np.ndarray ends not None, np.ndarray allowed, double least
):
    """Return the probabilities of spans, as `span_probabilities` of
    `lattice/path_sums.py`.

    Args:
        logits: float32 [n_tokens, n_tags].
        lengths: Number of tokens of each sequence.
        transitions: A `Transitions`.
        tags: Tags of valid sequences, int64 [n_tokens].
        sequences: The sequence of each span, ascending, int64 [n_spans].
        starts: First token of each span, int64 [n_spans].
        ends: The token after its last, int64 [n_spans].
        allowed: Tags that each token may have, bool [n_tokens, n_tags]; None for all.
        least: Underflow has no effect on totals above it.

    Returns:
        float64 [n_spans]; None if a total is not above `least`.
    """
    cdef vector[int64_t] counts = _counts(lengths, np.PyArray_DIM(logits, 0))
    cdef int64_t n_spans = np.PyArray_SIZE(starts), n_tags = np.PyArray_DIM(logits, 1)
    cdef np.ndarray out = _empty(n_spans, np.NPY_FLOAT64)
    cdef np.ndarray weights = transitions.weights
    cdef np.ndarray backward = np.PyArray_NewCopy(weights.T, np.NPY_CORDER)
    cdef double* score = _doubles(out)
    cdef const float* rows = _floats(logits)
    cdef const int64_t* tag = _ints(tags)
    cdef const int64_t* sequence = _ints(sequences)
    cdef const int64_t* start = _ints(starts)
    cdef const int64_t* end = _ints(ends)
    cdef const double* edge = _doubles(transitions.edges)
    cdef const double* forward_weights = _doubles(weights)
    cdef const double* backward_weights = _doubles(backward)
    cdef const double* arrivals
    cdef const uint8_t* mask = NULL
    cdef const uint8_t* part = NULL
    cdef vector[double] own, to, on, other
    cdef double along, total, product, chosen
    cdef int64_t span = 0, first = 0, n, i, j, begin, last
    cdef size_t which
    cdef bint is_reliable = True
    if allowed is not None:
        mask = _bools(allowed)
    with nogil:
        for which in range(counts.size()):
            n = counts[which]
            if mask is not NULL:
                part = mask + first * n_tags
            begin, last = n, -1
            for i in range(span, n_spans):
                if sequence[i] != <int64_t>which:
                    break
                begin = min(begin, start[i] - first)
                last = max(last, start[i] - first)
            if last >= 0:
                _constrain(rows + first * n_tags, part, n * n_tags, own)
                for i in range(n):
                    _shift(own.data() + i * n_tags, n_tags)
                exp_of_all(own.data(), n * n_tags)
                to.resize(n * n_tags)
                on.resize(n * n_tags)
                other.resize(n * n_tags)
                # Paths up to the last span, and back to the first.
                path_sums_sequence(
                    own.data(), last + 1, n_tags, edge, forward_weights, 0, to.data(),
                    other.data(),
                )
                i = begin * n_tags
                path_sums_sequence(
                    own.data() + i, n - begin, n_tags, edge + n_tags, backward_weights,
                    1, other.data() + i, on.data() + i,
                )
            while span < n_spans and sequence[span] == <int64_t>which:
                along = 1.0
                # Paths to each tag of a token: from any tag at the start of the span,
                # else from the previous tag.
                arrivals = to.data() + (start[span] - first) * n_tags
                for i in range(start[span], end[span]):
                    total = chosen = 0.0
                    for j in range(n_tags):
                        product = arrivals[j] * on[(i - first) * n_tags + j]
                        total += product
                        if j == tag[i]:
                            chosen = product
                    # Also false for NaN.
                    if not total > least:
                        is_reliable = False
                    along *= chosen / total
                    arrivals = forward_weights + tag[i] * n_tags
                score[span] = along
                span += 1
            first += n
    return out if is_reliable else None


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
                    total += exact_exp(values[j] - most)
                along += values[tag[i]] - most - log(total)
            score[span] = exact_exp(along)
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
            calibrated[i] = 1.0 / (1.0 + exact_exp(b * log1p(-p) - a * log(p) - c))
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


def is_aligned(SpanGroup group not None, Doc doc not None):
    """Return whether each span starts and ends with tokens of its Doc, as
    `EntityGroup._is_aligned` of `span_groups.py`.

    Args:
        group: The group.
        doc: Its Doc.
    """
    cdef SpanC span
    cdef const TokenC* last
    for span in group.c:
        if not 0 <= span.start < span.end <= doc.length:
            return False
        last = &doc.c[span.end - 1]
        if doc.c[span.start].idx != span.start_char:
            return False
        if last.idx + last.lex.length != span.end_char:
            return False
    return True


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


cdef inline void _constrain(
    const float* scores, const uint8_t* allowed, int64_t size, vector[double]& out
) noexcept nogil:
    """Copy scores, IMPOSSIBLE where not allowed, as `constrain`."""
    cdef int64_t i
    out.resize(size)
    for i in range(size):
        out[i] = scores[i] if allowed is NULL or allowed[i] else IMPOSSIBLE


cdef inline void _shift(double* scores, int64_t n) noexcept nogil:
    """Subtract the best of some scores from all of them."""
    cdef int64_t i
    cdef double most = scores[0]
    for i in range(1, n):
        most = max(most, scores[i])
    for i in range(n):
        scores[i] -= most


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
