#version 460
#extension GL_GOOGLE_include_directive : require
#include "ig1.glsl"
#include "step.glsl"
#define ACTIVATION_BINDING 2
#include "activation.glsl"

// silu(gate) * up, ready for a matrix. One invocation a block of 32.
layout(local_size_x = 32) in;
layout(push_constant) uniform Parameters { Shape shape; };
layout(binding = 1) readonly buffer Input { float gateUp[]; };  // [token][gate columns, up columns]

precise float swiglu(float gate, float up) {
  float clamped = clamp(gate, -60.0, 60.0);
  precise float e = ig1Exp(-clamped);
  precise float below = 1.0 + e;
  precise float inverse = ig1Recip(below);
  precise float silu = gate * inverse;
  precise float kept = ig1Flush(silu);
  precise float product = kept * up;
  return ig1Flush(product);
}

void main() {
  uint block = gl_GlobalInvocationID.x;
  uint token = gl_WorkGroupID.y;
  if (token >= step_.count || 32u * block >= shape.columns) {
    return;
  }
  uint row = token * 2u * shape.columns;
  float v[32];
  [[unroll]] for (uint i = 0; i < 32; i++) {
    uint column = min(32u * block + i, shape.columns - 1u);
    v[i] = swiglu(gateUp[row + column], gateUp[row + shape.columns + column]);
  }
  storeActivation(v, token, block, shape);
}
