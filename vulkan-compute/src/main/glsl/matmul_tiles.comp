// variants: _q8_0 WORDS=8 HIGH=0 SCALES=1 ZERO=0 TABLE=0; _q4_0 WORDS=4 HIGH=0 SCALES=1 ZERO=8 TABLE=0;
//     _q4_1 WORDS=4 HIGH=0 SCALES=2 ZERO=0 TABLE=0; _q5_0 WORDS=4 HIGH=1 SCALES=1 ZERO=16 TABLE=0;
//     _q5_1 WORDS=4 HIGH=1 SCALES=2 ZERO=0 TABLE=0; _iq4_nl WORDS=4 HIGH=0 SCALES=1 ZERO=0 TABLE=1;
//     _iq4_xs WORDS=4 HIGH=0 SCALES=3 ZERO=0 TABLE=1; _q2_k WORDS=2 HIGH=0 SCALES=6 ZERO=0 TABLE=0;
//     _q3_k WORDS=2 HIGH=1 SCALES=5 ZERO=4 TABLE=0; _q4_k WORDS=4 HIGH=0 SCALES=4 ZERO=0 TABLE=0;
//     _q5_k WORDS=4 HIGH=1 SCALES=4 ZERO=0 TABLE=0; _q6_k WORDS=4 HIGH=2 SCALES=5 ZERO=32 TABLE=0
// variants: _emulated COOPERATIVE=0; _cooperative COOPERATIVE=1
#version 460
#extension GL_GOOGLE_include_directive : require
#define GROUPS 1
#include "ig1.glsl"
#include "step.glsl"

// The same as matmul_blocks.glsl for many tokens: 32 rows times 32 tokens a work group, in four tiles of 16 x 16, a subgroup
// each. A tile's exact dot products of a block of 32 are made by the device's matrix units (COOPERATIVE) or by tiles.glsl in
// plain GLSL, which is how a device without such units tests all the rest: what is staged where, scales, order of sums.
layout(local_size_x = 32, local_size_y = 4) in;
layout(constant_id = 0) const uint DEPTH = 32;  // columns that one product of tiles has, 16 or 32
layout(push_constant) uniform Parameters {
  uint rows;
  uint groups;  // of 32 rows, the last one padded with zero rows
  uint laneBits;
  uint runs;
  uint outStride;
  uint outOffset;
  uint addendOffset;
  uint mode;
  uint head;
};
layout(binding = 3) readonly buffer Quantised { uvec4 quantised[]; };  // [token][slot][2]
layout(binding = 4) readonly buffer Scales { uvec2 scales[]; };  // [token][slot] of scale, two sums
#define OUTPUT_BINDING 5
#include "output.glsl"
#include "block_weights.glsl"

const uint TILE = 16;
const uint TILES = 4;
const uint TOKENS = 32;
const uint WORDS_OF_32 = 8;
// Where 16 weights have a factor of their own, a block has two dot products: each of 16 columns, the others are zero.
#if OF_16
const uint PARTS = 2;
#else
const uint PARTS = 1;
#endif

shared uint weightBytes[PARTS * 32 * WORDS_OF_32];  // [part][row][column]
shared uint tokenBytes[TOKENS * WORDS_OF_32];  // [token][column]
shared uvec2 tokenScales[2 * TOKENS];  // two blocks' in turn: slower subgroups still read the one before
shared int dots[TILES * PARTS * TILE * TILE];  // [tile][part][token][row]

#include "tiles.glsl"

const uint PAIRS = TILE * TILE / 32;  // rows and tokens of an invocation: one row, every other token

// Leaves the bytes of a block's weights and activations, and the latter's scales, in shared memory.
void stage(uint group[GROUPS], uint slot, uint slots, uint turn, uint firstToken, uint count) {
  uint i = gl_LocalInvocationIndex % 64u;
  uint index = i % 32u;
  uint half_ = i / 32u;
  uint token = min(firstToken + index, count - 1u);
  if (gl_LocalInvocationIndex < 64u) {
    BlockWords w;
#if WORDS == 8
    readWords(w, group, slot, slots, half_, index);
#else
    readWords(w, group, slot, slots, 0u, index);
#endif
    uint part = PARTS == 2u ? half_ : 0u;
    [[unroll]] for (uint word = 0; word < 4; word++) {
      weightBytes[(part * 32u + index) * WORDS_OF_32 + 4u * half_ + word] = fourWeights(w, 0u, half_, word);
    }
  } else {
    uvec4 x = quantised[(token * slots + slot) * 2u + half_];
    [[unroll]] for (uint word = 0; word < 4; word++) {
      tokenBytes[index * WORDS_OF_32 + 4u * half_ + word] = x[word];
    }
    if (half_ == 0u) {
      tokenScales[turn * TOKENS + index] = scales[token * slots + slot];
    }
  }
}

// The dot products of the staged block's weights, which still have ZERO in them, with the activations of a tile.
void multiply(uint tile) {
  uint row = TILE * (tile % 2u);
  uint token = TILE * (tile / 2u);
  for (uint part = 0; part < PARTS; part++) {
    SUM_TILE(sum);
    for (uint column = 0; column < 32u; column += DEPTH) {
      if (PARTS == 1u || DEPTH == 32u || column == 16u * part) {
        WEIGHT_TILE(w, (part * 32u + row) * WORDS_OF_32 + column / 4u);
        TOKEN_TILE(x, token * WORDS_OF_32 + column / 4u);
        MULTIPLY_ADD(sum, w, x);
      }
    }
    STORE_TILE(sum, (tile * PARTS + part) * TILE * TILE);
  }
}

void addTerms(uint group[GROUPS], uint slot, uint slots, uint block, uint turn, uint tile, inout float sums[PAIRS]) {
  uint row = TILE_LANE % TILE;
  BlockScales s = blockScales(group, slot, slots, block, TILE * (tile % 2u) + row);
  [[unroll]] for (uint i = 0; i < PAIRS; i++) {
    uint token = TILE_LANE / TILE + 2u * i;
    uint at = tile * PARTS * TILE * TILE + token * TILE + row;
    uvec2 both = tokenScales[turn * TOKENS + TILE * (tile / 2u) + token];
    ivec2 low = ivec2(bitfieldExtract(int(both.y), 0, 16), int(both.y) >> 16);
#if OF_16
    int dot = s.factor[0].x * (dots[at] - ZERO * low.x) + s.factor[0].y * (dots[at + TILE * TILE] - ZERO * low.y);
#else
    int dot = dots[at] - ZERO * (low.x + low.y);
#endif
    precise float sum = sums[i] + blockTerm(dot, s, 0u, uintBitsToFloat(both.x), low);
    sums[i] = sum;
  }
}

void clear(out float sums[PAIRS]) {
  [[unroll]] for (uint i = 0; i < PAIRS; i++) {
    sums[i] = 0.0;
  }
}

void addTo(inout float sums[PAIRS], float child[PAIRS]) {
  [[unroll]] for (uint i = 0; i < PAIRS; i++) {
    precise float sum = sums[i] + child[i];
    sums[i] = sum;
  }
}

void main() {
  uint firstToken = gl_WorkGroupID.y * TOKENS;
  uint count = vectors(head);
  if (firstToken >= count) {
    return;
  }
  uint tile = TILE_INDEX;
  bool wanted = firstToken + TILE * (tile / 2u) < count;
  uint group[GROUPS];
  group[0] = gl_WorkGroupID.x;
#if OF_16
  for (uint i = gl_LocalInvocationIndex; i < PARTS * 32u * WORDS_OF_32; i += 128u) {
    weightBytes[i] = 0u;
  }
  barrier();
#endif
  uint lanes = 1u << laneBits;
  uint slots = runs << laneBits;
  uint visited = 0;
  uint slot = 0;
#define ADD_TERMS(slot, block, sums) \
  stage(group, slot, slots, slot % 2u, firstToken, count); \
  barrier(); \
  if (wanted) { \
    multiply(tile); \
  } \
  barrier(); \
  addTerms(group, slot, slots, block, slot % 2u, tile, sums)
#include "sum32_tree.glsl"
  uint row = 32u * gl_WorkGroupID.x + TILE * (tile % 2u) + TILE_LANE % TILE;
  [[unroll]] for (uint i = 0; i < PAIRS; i++) {
    uint token = firstToken + TILE * (tile / 2u) + TILE_LANE / TILE + 2u * i;
    if (row < rows && token < count) {
      storeResult(total[i], token, row);
    }
  }
}
