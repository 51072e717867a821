#version 460
#extension GL_GOOGLE_include_directive : require
#include "ig1.glsl"
#include "step.glsl"
#define ACTIVATION_BINDING 3
#include "activation.glsl"

// RMS norm of a token's vector, ready for a matrix. One work group a token; invocation t is lane t of sum32.
layout(local_size_x = 32) in;
layout(push_constant) uniform Parameters {
  Shape shape;
  float inverseColumns;
  float epsilon;
  uint head;  // 1: of the tokens whose logits are wanted, one after the other
};
layout(binding = 1) readonly buffer Input { float x[]; };  // [token][columns]
layout(binding = 2) readonly buffer Weight { float weight[]; };

shared float lanes[32];

precise float sumOfLanes() {
  float lane[32];
  [[unroll]] for (uint t = 0; t < 32; t++) {
    lane[t] = lanes[t];
  }
  [[unroll]] for (uint h = 16; h > 0; h >>= 1) {
    [[unroll]] for (uint t = 0; t < h; t++) {
      precise float sum = lane[t] + lane[t + h];
      lane[t] = sum;
    }
  }
  return lane[0];
}

void main() {
  uint to = gl_WorkGroupID.x;
  if (to >= vectors(head)) {
    return;
  }
  uint token = head == 1u ? step_.token[to].headRow : to;
  uint t = gl_LocalInvocationID.x;
  uint row = token * shape.columns;
  precise float lane = 0.0;
  for (uint i = t; i < shape.columns; i += 32) {
    float v = x[row + i];
    precise float square = v * v;
    lane = lane + square;
  }
  lanes[t] = lane;
  barrier();
  precise float mean = sumOfLanes() * inverseColumns;
  precise float biased = mean + epsilon;
  precise float r = ig1Rsqrt(biased);
  for (uint block = t; 32u * block < shape.columns; block += 32) {
    float v[32];
    [[unroll]] for (uint i = 0; i < 32; i++) {
      uint column = min(32u * block + i, shape.columns - 1u);
      precise float normed = x[row + column] * r;
      precise float y = ig1Flush(normed) * weight[column];
      v[i] = ig1Flush(y);
    }
    storeActivation(v, to, block, shape);
  }
}
