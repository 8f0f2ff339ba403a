// The loops of _kernel.pyx that compilers turn into vector instructions.

#ifndef SPACY_DISTILL_KERNEL_LOOPS_H
#define SPACY_DISTILL_KERNEL_LOOPS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// One build for all processors: the loader picks the clone for AVX2 where there is AVX2.
// (AVX-512 was no faster.) It needs glibc, and GCC, which knows these levels from version
// 12 on. Elsewhere there is one version, with the vectors that every processor of the
// architecture has (SSE2, NEON).
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12 && \
    defined(__x86_64__) && defined(__GLIBC__)
#define VECTORIZED \
  __attribute__((target_clones("arch=x86-64-v3", "default")))
#define HAS_AVX2 (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#define VECTORIZED
#define HAS_AVX2 0
#endif

#if defined(_MSC_VER)
#define INLINED static __forceinline
#else
#define INLINED static inline __attribute__((always_inline))
#endif

#if defined(__GNUC__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address)
#endif

// Sums in the loop that follows may be added up in any order. The pragma needs the option
// -fopenmp-simd, and no library.
#define TEXT_OF(...) #__VA_ARGS__
#if defined(__GNUC__)
#define SUMS(...) _Pragma(TEXT_OF(omp simd reduction(+ : __VA_ARGS__)))
#else
#define SUMS(...)
#endif

// tanh with an absolute error below 5e-7, for any finite x.
//
// x * P(x^2) / Q(x^2), the minimax approximation on [-9, 9] by least squares with
// Lawson's weights (2e-8 before rounding to float). Beyond, tanh is 1 in float32.
// tests/ground/test_kernel.py holds the bound to numpy's float64 tanh. NaN stays NaN.
INLINED float fast_tanh(float x) {
  x = x < -9.0f ? -9.0f : x;
  x = x > 9.0f ? 9.0f : x;
  const float u = x * x;
  float p = 1.31842054e-08f;
  p = p * u + 2.04718157e-05f;
  p = p * u + 0.00348658092f;
  p = p * u + 0.133731968f;
  p = p * u + 0.999999906f;
  float q = 7.70265549e-07f;
  q = q * u + 0.000327138384f;
  q = q * u + 0.0258419754f;
  q = q * u + 0.467064937f;
  q = q * u + 1.0f;
  return x * p / q;
}

// exp(x) with a relative error below 1e-15, for x <= 0; 0 below -708, where exp(x) is
// less than 1e-307. NaN stays NaN.
//
// x = k * ln(2) + r with an integer k: 2^k is made of its bits, exp(r) by Taylor's series.
INLINED double fast_exp(double x) {
  // Adding it rounds to an integer, which is then in the last bits.
  const double magic = 6755399441055744.0;
  const double shifted = x * 1.4426950408889634 + magic;
  const double k = shifted - magic;
  const double r = (x - k * 0.693147180369123816) - k * 1.90821492927058770e-10;
  double sum = 1.0 / 6227020800.0;
  sum = sum * r + 1.0 / 479001600.0;
  sum = sum * r + 1.0 / 39916800.0;
  sum = sum * r + 1.0 / 3628800.0;
  sum = sum * r + 1.0 / 362880.0;
  sum = sum * r + 1.0 / 40320.0;
  sum = sum * r + 1.0 / 5040.0;
  sum = sum * r + 1.0 / 720.0;
  sum = sum * r + 1.0 / 120.0;
  sum = sum * r + 1.0 / 24.0;
  sum = sum * r + 1.0 / 6.0;
  sum = sum * r + 0.5;
  sum = sum * r + 1.0;
  sum = sum * r + 1.0;
  uint64_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 1023) << 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  return x < -708.0 ? 0.0 : sum * power;
}

VECTORIZED
void exp_of_all(double* x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = fast_exp(x[i]);
}

VECTORIZED
void tanh_of_all(const float* __restrict x, float* __restrict out, int64_t n) {
  for (int64_t i = 0; i < n; i++) out[i] = fast_tanh(x[i]);
}

// One step of a quasi-recurrent layer in one direction.
//
// own, before, after: what the token and its neighbors add to its sums, gates (halved)
// and then values, [2 * width] each. previous: the last state, [width].
INLINED void quasi_recurrent_step(const float* __restrict own,
                                  const float* __restrict before,
                                  const float* __restrict after,
                                  const float* __restrict previous,
                                  float* __restrict state, int64_t width) {
  for (int64_t k = 0; k < width; k++) {
    const float gate = own[k] + before[k] + after[k];
    const float value = own[width + k] + before[width + k] + after[width + k];
    // sigmoid(x) = (tanh(x / 2) + 1) / 2
    const float forget = 0.5f * (fast_tanh(gate) + 1.0f);
    state[k] = forget * (previous[k] - value) + value;
  }
}

// The states of one sequence in one direction.
//
// table: rows [n_rows, row] as `QuasiRecurrent.project` makes them; the last one, edge,
// is zeros. entries: rows of the tokens, [n]. direction: 0 forward, 1 backward. out:
// states of both directions, [n, 2 * width], of which one half is written.
VECTORIZED
void quasi_recurrent_sequence(const float* table, int64_t edge, const int64_t* entries,
                              int64_t n, int64_t width, int direction, float* out) {
  const int64_t part = 2 * width, half = 3 * part, row = 2 * half;
  const float* places = table + direction * half;
  // Zeros, as the state before the first step.
  const float* previous = table + edge * row;
  const int64_t step = direction ? -1 : 1;
  int64_t i = direction ? n - 1 : 0;
  for (int64_t count = 0; count < n; count++, i += step) {
    const int64_t ahead = i + 2 * step;
    if (ahead >= 0 && ahead < n) {
      // The table is larger than the cache, and where the next row is, is known.
      const char* next = (const char*)(places + entries[ahead] * row);
      for (size_t at = 0; at < half * sizeof(float); at += 64) PREFETCH(next + at);
    }
    const int64_t before = i > 0 ? entries[i - 1] : edge;
    const int64_t after = i + 1 < n ? entries[i + 1] : edge;
    float* state = out + i * part + direction * width;
    quasi_recurrent_step(places + entries[i] * row, places + before * row + part,
                         places + after * row + 2 * part, previous, state, width);
    previous = state;
  }
}

// Units that are computed together. Their 32 gates and those of two more sequences are
// accumulated in the 16 vector registers that AVX2 has, weights and all.
enum { LSTM_UNITS = 8, LSTM_GATES = 4 * LSTM_UNITS, LSTM_SEQUENCES = 3 };

// LSTM_UNITS units of one step, for SEQUENCES sequences.
//
// gates: what the token of each adds to the gates of these units; each gate is `width`
// after the last. weights: [n_states, LSTM_GATES]. before, cell, after: states before the
// step, and cells and states of these units; each sequence is `stride` after the last.
// States are twice what an LSTM's are.
template <int SEQUENCES>
INLINED void lstm_units(const float* const* gates, int64_t width, const float* weights,
                        int64_t n_states, const float* before, float* cell, float* after,
                        int64_t stride) {
  float sums[SEQUENCES][LSTM_GATES];
  for (int i = 0; i < SEQUENCES; i++)
    for (int j = 0; j < LSTM_GATES; j++)
      sums[i][j] = gates[i][j / LSTM_UNITS * width + j % LSTM_UNITS];
  for (int64_t k = 0; k < n_states; k++) {
    const float* row = weights + k * LSTM_GATES;
    for (int i = 0; i < SEQUENCES; i++) {
      const float state = before[i * stride + k];
      for (int j = 0; j < LSTM_GATES; j++) sums[i][j] += state * row[j];
    }
  }
  for (int i = 0; i < SEQUENCES; i++) {
    for (int k = 0; k < LSTM_UNITS; k++) {
      // sigmoid(x) = (tanh(x / 2) + 1) / 2, and these sums are halved
      const float enter = fast_tanh(sums[i][k]) + 1.0f;
      const float keep = fast_tanh(sums[i][LSTM_UNITS + k]) + 1.0f;
      const float value = fast_tanh(sums[i][2 * LSTM_UNITS + k]);
      const float show = fast_tanh(sums[i][3 * LSTM_UNITS + k]) + 1.0f;
      const float kept = 0.5f * (keep * cell[i * stride + k] + enter * value);
      cell[i * stride + k] = kept;
      after[i * stride + k] = show * fast_tanh(kept);
    }
  }
}

// One step of SEQUENCES sequences. table: rows [4 * width]; entries: those of the tokens.
template <int SEQUENCES>
INLINED void lstm_step(const float* table, const int64_t* entries, const float* weights,
                       int64_t width, const float* before, float* cell, float* after,
                       int64_t stride) {
  const float* gates[SEQUENCES];
  for (int i = 0; i < SEQUENCES; i++) gates[i] = table + entries[i] * 4 * width;
  int64_t first = 0;
  for (; first + LSTM_UNITS <= width; first += LSTM_UNITS) {
    lstm_units<SEQUENCES>(gates, width, weights, width, before, cell + first,
                          after + first, stride);
    for (int i = 0; i < SEQUENCES; i++) gates[i] += LSTM_UNITS;
    weights += width * LSTM_GATES;
  }
  if (first == width) return;
  // The last units, and some that are not there, with gates of zeros.
  float padded[SEQUENCES][LSTM_GATES] = {};
  for (int i = 0; i < SEQUENCES; i++) {
    for (int gate = 0; gate < 4; gate++)
      for (int64_t k = 0; k < width - first; k++)
        padded[i][gate * LSTM_UNITS + k] = gates[i][gate * width + k];
    gates[i] = padded[i];
  }
  lstm_units<SEQUENCES>(gates, LSTM_UNITS, weights, width, before, cell + first,
                        after + first, stride);
}

// One step of an LSTM layer in one direction, for the n sequences that have it.
//
// table: rows [4 * width], halved but for the third gate, of which entries has those of
// the tokens. weights: [blocks of LSTM_UNITS units, width, LSTM_GATES]. before, cell,
// after: [n, stride], where stride is width rounded up to whole blocks. out: states of
// both directions, rows [2 * width], of which rows has those of the tokens; one half is
// written.
VECTORIZED
void lstm_sequences(const float* table, const int64_t* entries, const float* weights,
                    int64_t n, int64_t width, int64_t stride, const float* before,
                    float* cell, float* after, const int64_t* rows, float* out) {
  int64_t i = 0;
  for (; i + LSTM_SEQUENCES <= n; i += LSTM_SEQUENCES)
    lstm_step<LSTM_SEQUENCES>(table, entries + i, weights, width, before + i * stride,
                              cell + i * stride, after + i * stride, stride);
  for (; i < n; i++)
    lstm_step<1>(table, entries + i, weights, width, before + i * stride,
                 cell + i * stride, after + i * stride, stride);
  for (i = 0; i < n; i++)
    for (int64_t k = 0; k < width; k++)
      out[rows[i] * 2 * width + k] = 0.5f * after[i * stride + k];
}

// Whether no value is NaN or infinite.
VECTORIZED
int all_finite(const float* x, int64_t n) {
  float sum = 0;
  SUMS(sum)
  for (int64_t i = 0; i < n; i++) sum += 0.0f * x[i];
  return sum == 0.0f;
}

// The highest-scoring tags of one sequence.
//
// best: scores of the tags of each token, [n, n_tags]; becomes those of the best paths
// up to them. start, follow, end: scores of transitions. arrivals: scratch, [n_tags].
// tags: output, [n].
VECTORIZED
void viterbi_sequence(double* best, int64_t n, int64_t n_tags, const double* start,
                      const double* follow, const double* end,
                      double* __restrict arrivals, int64_t* tags) {
  for (int64_t t = 0; t < n; t++) {
    double* here = best + t * n_tags;
    const double* before = here - n_tags;
    for (int64_t j = 0; j < n_tags; j++) arrivals[j] = t ? before[0] + follow[j] : start[j];
    for (int64_t i = 1; t && i < n_tags; i++) {
      const double* moves = follow + i * n_tags;
      for (int64_t j = 0; j < n_tags; j++) {
        const double path = before[i] + moves[j];
        arrivals[j] = path > arrivals[j] ? path : arrivals[j];
      }
    }
    for (int64_t j = 0; j < n_tags; j++) here[j] += arrivals[j];
  }
  // Most tags are on no best path, so the argmax is found again along it alone.
  for (int64_t t = n - 1; t >= 0; t--) {
    const double* paths = best + t * n_tags;
    int64_t chosen = 0;
    double most = 0.0;
    for (int64_t i = 0; i < n_tags; i++) {
      const double move = t == n - 1 ? end[i] : follow[i * n_tags + tags[t + 1]];
      if (!i || paths[i] + move > most) {
        most = paths[i] + move;
        chosen = i;
      }
    }
    tags[t] = chosen;
  }
}

// Sums over partial paths of one sequence, without logarithms.
//
// own: exp(scores) of the tags of each token, [n, n_tags]. edge: factors of the first
// tags of the direction. weights: factors of moving from row to column in it. direction:
// 0 forward, 1 backward. to: sums without the token's own factors, on: with them, both
// [n, n_tags] and exact up to a factor for each row, which keeps them from overflow.
VECTORIZED
void path_sums_sequence(const double* own, int64_t n, int64_t n_tags,
                        const double* edge, const double* weights, int direction,
                        double* to, double* on) {
  const int64_t step = direction ? -n_tags : n_tags;
  int64_t at = direction ? (n - 1) * n_tags : 0;
  for (int64_t count = 0; count < n; count++, at += step) {
    double* __restrict sums = to + at;
    for (int64_t j = 0; j < n_tags; j++) sums[j] = count ? 0.0 : edge[j];
    for (int64_t i = 0; count && i < n_tags; i++) {
      const double factor = on[at - step + i];
      const double* moves = weights + i * n_tags;
      for (int64_t j = 0; j < n_tags; j++) sums[j] += factor * moves[j];
    }
    double total = 1e-300;
    for (int64_t j = 0; j < n_tags; j++) total += sums[j] * own[at + j];
    // In each step they grow at most by a factor of the number of tags.
    const double scale = count % 16 == 15 ? 1.0 / total : 1.0;
    for (int64_t j = 0; j < n_tags; j++) {
      sums[j] *= scale;
      on[at + j] = sums[j] * own[at + j];
    }
  }
}

#endif
