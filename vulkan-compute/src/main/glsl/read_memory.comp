#version 460
#extension GL_EXT_control_flow_attributes : require

// Reads every texel of a buffer once, neighbours by neighbours, to see how fast memory can be read.
layout(local_size_x = 32) in;
layout(push_constant) uniform Parameters { uint texelsEach; };
layout(binding = 0) uniform utextureBuffer memory;
layout(binding = 1) writeonly buffer Output { uint sums[]; };

void main() {
  uint at = gl_WorkGroupID.x * 32u * texelsEach + gl_LocalInvocationID.x;
  uvec4 sum = uvec4(0u);
  for (uint i = 0; i < texelsEach; i += 4u) {
    [[unroll]] for (uint j = 0; j < 4u; j++) {
      sum += texelFetch(memory, int(at + 32u * (i + j)));
    }
  }
  sums[gl_GlobalInvocationID.x] = sum.x + sum.y + sum.z + sum.w;
}
