#include "ig1.glsl"
#include "step.glsl"

// Matrix of any quantised type times activations, both in blocks of 32 with a scale a block: the rule of docs/ig1.md.
//   GROUPS  groups of 32 rows that one invocation computes
//   TOKENS  tokens that one invocation computes
//   FREE    1: sums in the order in which blocks come, products and sums in one instruction; for the benchmark, which
//           measures what the order of sum32 costs
//   DOT     1: four int8 products are one instruction, for devices that have it in hardware
// Weights are packed so that 32 invocations, one a row, read contiguous memory: [group of 32 rows][slot][texel][row], see
// block_weights.glsl. Slots are in visiting order (see activation.glsl): a lane's runs are neighbours, and lanes come
// bit-reversed, so that the tree of sum32 joins neighbours. SPLIT invocations share a row where rows alone would not fill
// the device.
layout(local_size_x = 32, local_size_y_id = 0) in;
layout(constant_id = 0) const uint SPLIT = 1;
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

shared float parts[SPLIT > 1 ? 32 * SPLIT : 1];

#if DOT
// OpSDot of two words of four signed bytes (format 0); capabilities DotProduct and DotProductInput4x8BitPacked
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6018], id = 4450)
int dotOfBytes(uint a, uint b, spirv_literal int format);
#endif

ivec4 bytes(uint word) {
  int w = int(word);
  return ivec4(bitfieldExtract(w, 0, 8), bitfieldExtract(w, 8, 8), bitfieldExtract(w, 16, 8), w >> 24);
}

int sumOf(ivec4 v) {
  return (v.x + v.y) + (v.z + v.w);
}

// The exact dot product of activations with weights that still have ZERO in them, [group][token].
void addDots(BlockWords w, uvec4 x[TOKENS], uint half_, inout int dot[GROUPS * TOKENS]) {
  [[unroll]] for (uint word = 0; word < 4; word++) {
#if DOT
    [[unroll]] for (uint g = 0; g < GROUPS; g++) {
      uint ws = fourWeights(w, g, half_, word);
      [[unroll]] for (uint t = 0; t < TOKENS; t++) {
        dot[g * TOKENS + t] += dotOfBytes(ws, x[t][word], 0);
      }
    }
#else
    ivec4 xs[TOKENS];
    [[unroll]] for (uint t = 0; t < TOKENS; t++) {
      xs[t] = bytes(x[t][word]);
    }
    [[unroll]] for (uint g = 0; g < GROUPS; g++) {
      ivec4 ws = bytes(fourWeights(w, g, half_, word));
      [[unroll]] for (uint t = 0; t < TOKENS; t++) {
        dot[g * TOKENS + t] += sumOf(ws * xs[t]);
      }
    }
#endif
  }
}

// Adds the terms of the block at slot to each row's sum; group and token are clamped to what exists.
void addTerms(uint group[GROUPS], uint token[TOKENS], uint slot, uint slots, uint block, uint row,
    inout float sums[GROUPS * TOKENS]) {
  BlockScales s = blockScales(group, slot, slots, block, row);
  float tokenScale[TOKENS];
  ivec2 low[TOKENS];
  [[unroll]] for (uint t = 0; t < TOKENS; t++) {
    uvec2 both = scales[token[t] * slots + slot];
    tokenScale[t] = uintBitsToFloat(both.x);
#if ZERO > 0 || OFFSET
    low[t] = ivec2(bitfieldExtract(int(both.y), 0, 16), int(both.y) >> 16);
#endif
  }
  int dot[GROUPS * TOKENS];
  [[unroll]] for (uint i = 0; i < GROUPS * TOKENS; i++) {
    dot[i] = 0;
  }
  BlockWords w;
  [[unroll]] for (uint half_ = 0; half_ < 2; half_++) {
    readWords(w, group, slot, slots, half_, row);
    uvec4 x[TOKENS];
    [[unroll]] for (uint t = 0; t < TOKENS; t++) {
      x[t] = quantised[(token[t] * slots + slot) * 2u + half_];
    }
#if OF_16
    int part[GROUPS * TOKENS];
    [[unroll]] for (uint i = 0; i < GROUPS * TOKENS; i++) {
      part[i] = -ZERO * low[i % TOKENS][half_];
    }
    addDots(w, x, half_, part);
    [[unroll]] for (uint i = 0; i < GROUPS * TOKENS; i++) {
      dot[i] += s.factor[i / TOKENS][half_] * part[i];
    }
#else
    addDots(w, x, half_, dot);
#endif
  }
  [[unroll]] for (uint g = 0; g < GROUPS; g++) {
    [[unroll]] for (uint t = 0; t < TOKENS; t++) {
      uint i = g * TOKENS + t;
#if ZERO > 0 && !OF_16
      dot[i] -= ZERO * (low[t].x + low[t].y);
#endif
#if FREE
      float product = float(dot[i]) * (s.scale[g] * tokenScale[t]);
      sums[i] += product;
#else
      precise float sum = sums[i] + blockTerm(dot[i], s, g, tokenScale[t], low[t]);
      sums[i] = sum;
#endif
    }
  }
}

void clear(out float sums[GROUPS * TOKENS]) {
  [[unroll]] for (uint i = 0; i < GROUPS * TOKENS; i++) {
    sums[i] = 0.0;
  }
}

void addTo(inout float sums[GROUPS * TOKENS], float child[GROUPS * TOKENS]) {
  [[unroll]] for (uint i = 0; i < GROUPS * TOKENS; i++) {
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
  uint row = gl_LocalInvocationID.x;
  uint lanes = (1u << laneBits) / SPLIT;
  uint slots = runs << laneBits;
  uint group[GROUPS];
  [[unroll]] for (uint g = 0; g < GROUPS; g++) {
    group[g] = min(gl_WorkGroupID.x * GROUPS + g, groups - 1u);
  }
  uint token[TOKENS];
  [[unroll]] for (uint t = 0; t < TOKENS; t++) {
    token[t] = min(firstToken + t, count - 1u);
  }
  const uint PAIRS = GROUPS * TOKENS;
  uint visited = gl_LocalInvocationID.y * lanes;
  uint slot = visited * runs;
#if FREE
  float total[PAIRS];
  clear(total);
  for (uint end = visited + lanes; visited < end; visited++) {
    uint block = bitfieldReverse(visited) >> (32u - laneBits);
    for (uint run = 0; run < runs; run++, slot++) {
      addTerms(group, token, slot, slots, (run << laneBits) | block, row, total);
    }
  }
#else
#define ADD_TERMS(slot, block, sums) addTerms(group, token, slot, slots, block, row, sums)
#include "sum32_tree.glsl"
#endif
  if (SPLIT > 1u) {
    uint part = gl_LocalInvocationID.y;
    [[unroll]] for (uint i = 0; i < PAIRS; i++) {
      parts[part * 32u + row] = total[i];
      barrier();
      for (uint h = 1; h < SPLIT; h *= 2u) {
        if (part % (2u * h) == 0u) {
          precise float sum = parts[part * 32u + row] + parts[(part + h) * 32u + row];
          parts[part * 32u + row] = sum;
        }
        barrier();
      }
      total[i] = parts[row];
      barrier();
    }
    if (part > 0u) {
      return;
    }
  }
  [[unroll]] for (uint g = 0; g < GROUPS; g++) {
    uint at = (gl_WorkGroupID.x * GROUPS + g) * 32u + row;
    [[unroll]] for (uint t = 0; t < TOKENS; t++) {
      if (at < rows && firstToken + t < count) {
        storeResult(total[g * TOKENS + t], firstToken + t, at);
      }
    }
  }
}
