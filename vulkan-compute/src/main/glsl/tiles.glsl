// Products of 16 x DEPTH signed bytes of weights with DEPTH x 16 of activations, summed in 16 x 16 integers that a subgroup of
// 32 holds together. The same few words for the matrix units of a device (VK_KHR_cooperative_matrix) and for plain GLSL.
// Include after declaring weightBytes, tokenBytes, dots, DEPTH and TILE; rows of bytes are WORDS_OF_32 words.
#if COOPERATIVE
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
#define TILE_INDEX gl_SubgroupID
#define TILE_LANE gl_SubgroupInvocationID
#define SUM_TILE(sum) \
  coopmat<int, gl_ScopeSubgroup, TILE, TILE, gl_MatrixUseAccumulator> sum = \
      coopmat<int, gl_ScopeSubgroup, TILE, TILE, gl_MatrixUseAccumulator>(0)
#define WEIGHT_TILE(w, at) \
  coopmat<int8_t, gl_ScopeSubgroup, TILE, DEPTH, gl_MatrixUseA> w; \
  coopMatLoad(w, weightBytes, at, WORDS_OF_32, gl_CooperativeMatrixLayoutRowMajor)
#define TOKEN_TILE(x, at) \
  coopmat<int8_t, gl_ScopeSubgroup, DEPTH, TILE, gl_MatrixUseB> x; \
  coopMatLoad(x, tokenBytes, at, WORDS_OF_32, gl_CooperativeMatrixLayoutColumnMajor)
#define MULTIPLY_ADD(sum, w, x) sum = coopMatMulAdd(w, x, sum)
#define STORE_TILE(sum, at) coopMatStore(sum, dots, at, TILE, gl_CooperativeMatrixLayoutColumnMajor)
#else
#define TILE_INDEX gl_LocalInvocationID.y
#define TILE_LANE gl_LocalInvocationID.x

// What one invocation holds of the sums: element 32 * i + lane of [token][row].
struct SumTile {
  int element[TILE * TILE / 32];
};

int emulatedDot(uint a, uint b) {
  int sum = 0;
  [[unroll]] for (int byte_ = 0; byte_ < 4; byte_++) {
    sum += bitfieldExtract(int(a), 8 * byte_, 8) * bitfieldExtract(int(b), 8 * byte_, 8);
  }
  return sum;
}

void emulatedMultiplyAdd(inout SumTile sum, uint weightsAt, uint tokensAt) {
  [[unroll]] for (uint i = 0; i < TILE * TILE / 32; i++) {
    uint element = 32u * i + TILE_LANE;
    for (uint word = 0; word < DEPTH / 4u; word++) {
      sum.element[i] += emulatedDot(
          weightBytes[weightsAt + element % TILE * WORDS_OF_32 + word],
          tokenBytes[tokensAt + element / TILE * WORDS_OF_32 + word]);
    }
  }
}

void emulatedStore(SumTile sum, uint at) {
  [[unroll]] for (uint i = 0; i < TILE * TILE / 32; i++) {
    dots[at + 32u * i + TILE_LANE] = sum.element[i];
  }
}

#define SUM_TILE(sum) \
  SumTile sum; \
  [[unroll]] for (uint i = 0; i < TILE * TILE / 32; i++) { \
    sum.element[i] = 0; \
  }
#define WEIGHT_TILE(w, at) uint w = at
#define TOKEN_TILE(x, at) uint x = at
#define MULTIPLY_ADD(sum, w, x) emulatedMultiplyAdd(sum, w, x)
#define STORE_TILE(sum, at) emulatedStore(sum, at)
#endif
