// Matrix times activations, both in blocks of 32 with a scale a block. Included by a kernel that has declared
//   GROUPS  groups of 32 rows that one invocation computes
//   TOKENS  tokens that one invocation computes
//   TEXELS  texels of 16 bytes that hold a block's weights
// and afterwards defines blockDots(). Weights are packed (PackedMatrix.java) so that 32 invocations, one a row, read
// contiguous memory: [group of 32 rows][slot][texel][row]; scales [group][slot][row], or [four groups][slot][row][group]
// for a kernel that computes four groups. Slots are in visiting order (see
// activation.glsl): a lane's runs are neighbours, and lanes come bit-reversed, so that the tree of sum32 joins neighbours.
// SPLIT invocations share a row where rows alone would not fill the device.
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
};
layout(binding = 1) uniform utextureBuffer weights;
layout(binding = 2) uniform utextureBuffer weightScales;
layout(binding = 3) readonly buffer Quantised { uvec4 quantised[]; };  // [token][slot][2]
layout(binding = 4) readonly buffer Scales { float scales[]; };  // [token][slot]
#define OUTPUT_BINDING 5
#include "output.glsl"

shared float parts[SPLIT > 1 ? 32 * SPLIT : 1];

ivec4 bytes(uint word) {
  int w = int(word);
  return ivec4(bitfieldExtract(w, 0, 8), bitfieldExtract(w, 8, 8), bitfieldExtract(w, 16, 8), w >> 24);
}

int sumOf(ivec4 v) {
  return (v.x + v.y) + (v.z + v.w);
}

// Exact dot products of the block at slot, [group][token]; firstGroup and tokens are clamped to what exists.
void blockDots(uint group[GROUPS], uint token[TOKENS], uint slot, uint slots, uint row, out int dot[GROUPS * TOKENS]);

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
  if (firstToken >= step_.count) {
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
    token[t] = min(firstToken + t, step_.count - 1u);
  }
  const uint PAIRS = GROUPS * TOKENS;
  // The tree of sum32 over lanes that come bit-reversed: a node adds its two children to +0, which is adding them to one
  // another, since no sum is -0. A row of few lanes has levels with one child.
  uint slot = gl_LocalInvocationID.y * lanes * runs;
  float level5[PAIRS];
  clear(level5);
  for (uint i5 = 0; i5 < (lanes > 16u ? 2u : 1u); i5++) {
    float level4[PAIRS];
    clear(level4);
    for (uint i4 = 0; i4 < (lanes > 8u ? 2u : 1u); i4++) {
      float level3[PAIRS];
      clear(level3);
      for (uint i3 = 0; i3 < (lanes > 4u ? 2u : 1u); i3++) {
        float level2[PAIRS];
        clear(level2);
        for (uint i2 = 0; i2 < (lanes > 2u ? 2u : 1u); i2++) {
          float level1[PAIRS];
          clear(level1);
          for (uint i1 = 0; i1 < (lanes > 1u ? 2u : 1u); i1++) {
            float lane[PAIRS];
            clear(lane);
            for (uint run = 0; run < runs; run++, slot++) {
              int dot[PAIRS];
              blockDots(group, token, slot, slots, row, dot);
              float weightScale[GROUPS];
#if GROUPS == 4
              vec4 four = uintBitsToFloat(texelFetch(weightScales, int((gl_WorkGroupID.x * slots + slot) * 32u + row)));
              [[unroll]] for (uint g = 0; g < GROUPS; g++) {
                weightScale[g] = four[g];
              }
#else
              [[unroll]] for (uint g = 0; g < GROUPS; g++) {
                weightScale[g] =
                    uintBitsToFloat(texelFetch(weightScales, int((group[g] * slots + slot) * 32u + row)).x);
              }
#endif
              [[unroll]] for (uint t = 0; t < TOKENS; t++) {
                float tokenScale = scales[token[t] * slots + slot];
                [[unroll]] for (uint g = 0; g < GROUPS; g++) {
                  precise float scale = weightScale[g] * tokenScale;
                  precise float term = float(dot[g * TOKENS + t]) * scale;
                  precise float sum = lane[g * TOKENS + t] + term;
                  lane[g * TOKENS + t] = sum;
                }
              }
            }
            addTo(level1, lane);
          }
          addTo(level2, level1);
        }
        addTo(level3, level2);
      }
      addTo(level4, level3);
    }
    addTo(level5, level4);
  }
  float total[PAIRS] = level5;
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
      if (at < rows && firstToken + t < step_.count) {
        storeResult(total[g * TOKENS + t], firstToken + t, at);
      }
    }
  }
}
