// Matrix times activations, both in blocks of 32 with a scale a block. Included by a kernel that has declared
//   GROUPS  groups of 32 rows that one invocation computes
//   TOKENS  tokens that one invocation computes
//   TEXELS  texels of 16 bytes that hold a block's weights
// and afterwards defines blockDots(). Weights are packed (PackedMatrix.java) so that 32 invocations, one a row, read
// contiguous memory: [group of 32 rows][slot][texel][row]; scales [group][slot][row]. Slots are in visiting order (see
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
  float level0[PAIRS];
  float level1[PAIRS];
  float level2[PAIRS];
  float level3[PAIRS];
  float level4[PAIRS];
  float total[PAIRS];
  uint slot = gl_LocalInvocationID.y * lanes * runs;
  for (uint lane = 0; lane < lanes; lane++) {
    [[unroll]] for (uint i = 0; i < PAIRS; i++) {
      total[i] = 0.0;
    }
    for (uint run = 0; run < runs; run++, slot++) {
      int dot[PAIRS];
      blockDots(group, token, slot, slots, row, dot);
      [[unroll]] for (uint g = 0; g < GROUPS; g++) {
        float weightScale = uintBitsToFloat(texelFetch(weightScales, int((group[g] * slots + slot) * 32u + row)).x);
        [[unroll]] for (uint t = 0; t < TOKENS; t++) {
          precise float scale = weightScale * scales[token[t] * slots + slot];
          precise float term = float(dot[g * TOKENS + t]) * scale;
          precise float sum = total[g * TOKENS + t] + term;
          total[g * TOKENS + t] = sum;
        }
      }
    }
    // A binary counter: a subtree of 2^k lanes waits in level k for its right neighbour.
    [[unroll]] for (uint i = 0; i < PAIRS; i++) {
      precise float sum = total[i];
      if ((lane & 1u) == 0u) {
        level0[i] = sum;
      } else {
        sum = level0[i] + sum;
        if ((lane & 2u) == 0u) {
          level1[i] = sum;
        } else {
          sum = level1[i] + sum;
          if ((lane & 4u) == 0u) {
            level2[i] = sum;
          } else {
            sum = level2[i] + sum;
            if ((lane & 8u) == 0u) {
              level3[i] = sum;
            } else {
              sum = level3[i] + sum;
              if ((lane & 16u) == 0u) {
                level4[i] = sum;
              } else {
                sum = level4[i] + sum;
              }
            }
          }
        }
      }
      total[i] = sum;
    }
  }
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
