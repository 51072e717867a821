// Elements of the key and value caches, four a texel: binary32 (WIDE) or halves in the low and high parts of two words.
layout(constant_id = 0) const uint WIDE = 1;

vec4 cached(uvec4 texel) {
  if (WIDE == 1u) {
    return uintBitsToFloat(texel);
  }
  return vec4(ig1FromHalf(texel.x & 0xffffu), ig1FromHalf(texel.x >> 16), ig1FromHalf(texel.y & 0xffffu),
      ig1FromHalf(texel.y >> 16));
}
