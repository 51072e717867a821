#version 460
#extension GL_GOOGLE_include_directive : require
#include "ig1.glsl"
#include "step.glsl"
#define ACTIVATION_BINDING 3
#include "activation.glsl"

// Adds the chunks' sums in index order and divides, ready for the output matrix. One invocation a block of 32 elements.
layout(local_size_x = 32) in;
layout(push_constant) uniform Parameters {
  Shape shape;
  uint headDimension;
  uint maxPositions;
  uint window;
};
layout(binding = 1) readonly buffer Numerators { float numerators[]; };  // [token][head][chunk][headDimension]
layout(binding = 2) readonly buffer Denominators { float denominators[]; };  // [token][head][chunk]

void main() {
  uint block = gl_GlobalInvocationID.x;
  uint token = gl_WorkGroupID.y;
  if (token >= step_.count || 32u * block >= shape.columns) {
    return;
  }
  uint position = step_.token[token].position;
  uint chunks = position / 32u + 1u;
  uint row = token * (shape.columns / headDimension);
  float v[32];
  [[unroll]] for (uint i = 0; i < 32; i++) {
    v[i] = 0.0;
  }
  float below[32];
  [[unroll]] for (uint i = 0; i < 32; i++) {
    below[i] = 0.0;
  }
  for (uint chunk = firstSeen(position, window) / 32u; chunk < chunks; chunk++) {
    [[unroll]] for (uint i = 0; i < 32; i++) {
      uint column = min(32u * block + i, shape.columns - 1u);
      uint at = (row + column / headDimension) * (maxPositions / 32u) + chunk;
      precise float above = v[i] + numerators[at * headDimension + column % headDimension];
      precise float sum = below[i] + denominators[at];
      v[i] = above;
      below[i] = sum;
    }
  }
  [[unroll]] for (uint i = 0; i < 32; i++) {
    precise float inverse = ig1Recip(below[i]);
    precise float result = v[i] * inverse;
    v[i] = ig1Flush(result);
  }
  storeActivation(v, token, block, shape);
}
