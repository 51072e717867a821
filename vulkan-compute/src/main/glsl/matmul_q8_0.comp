// variants: _1x1 GROUPS=1 TOKENS=1; _1x4 GROUPS=1 TOKENS=4; _4x1 GROUPS=4 TOKENS=1; _4x4 GROUPS=4 TOKENS=4
#version 460
#extension GL_GOOGLE_include_directive : require
#include "ig1.glsl"
#include "step.glsl"
#include "matmul_blocks.glsl"

// Q8_0: two texels a block, 32 int8.
void blockDots(uint group[GROUPS], uint token[TOKENS], uint slot, uint slots, uint row, out int dot[GROUPS * TOKENS]) {
  [[unroll]] for (uint i = 0; i < GROUPS * TOKENS; i++) {
    dot[i] = 0;
  }
  [[unroll]] for (uint half_ = 0; half_ < 2; half_++) {
    uvec4 w[GROUPS];
    [[unroll]] for (uint g = 0; g < GROUPS; g++) {
      w[g] = texelFetch(weights, int(((group[g] * slots + slot) * 2u + half_) * 32u + row));
    }
    uvec4 x[TOKENS];
    [[unroll]] for (uint t = 0; t < TOKENS; t++) {
      x[t] = quantised[(token[t] * slots + slot) * 2u + half_];
    }
    [[unroll]] for (uint word = 0; word < 4; word++) {
      ivec4 xs[TOKENS];
      [[unroll]] for (uint t = 0; t < TOKENS; t++) {
        xs[t] = bytes(x[t][word]);
      }
      [[unroll]] for (uint g = 0; g < GROUPS; g++) {
        ivec4 ws = bytes(w[g][word]);
        [[unroll]] for (uint t = 0; t < TOKENS; t++) {
          dot[g * TOKENS + t] += sumOf(ws * xs[t]);
        }
      }
    }
  }
}
