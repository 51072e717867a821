// Where a matrix's results go: [token][outStride] at column outOffset + row. Include after declaring OUTPUT_BINDING, the
// first of two bindings; needs the push constants rows, outStride, outOffset and mode.
layout(binding = OUTPUT_BINDING) writeonly buffer Output { float y[]; };
layout(binding = OUTPUT_BINDING + 1) readonly buffer Addend { float addend[]; };  // bias [row] or residual [token][row]

const uint PLAIN = 0;
const uint BIAS = 1;
const uint RESIDUAL = 2;
const uint BOUNDARY = 3;  // residual, then rounded to the boundary's type

void storeResult(float value, uint token, uint row) {
  precise float result = value;
  if (mode == BIAS) {
    result = result + addend[addendOffset + row];
  } else if (mode >= RESIDUAL) {
    result = addend[token * outStride + outOffset + row] + result;
    if (mode == BOUNDARY) {
      result = ig1FromHalf(ig1ToHalf(result));
    }
  }
  y[token * outStride + outOffset + row] = result;
}
