// variants: _q8_0 WORDS=8 HIGH=0 SCALES=1 ZERO=0 TABLE=0; _q4_0 WORDS=4 HIGH=0 SCALES=1 ZERO=8 TABLE=0
// variants: _1x1 GROUPS=1 TOKENS=1 DOT=0; _1x4 GROUPS=1 TOKENS=4 DOT=0; _4x1 GROUPS=4 TOKENS=1 DOT=0;
//     _4x4 GROUPS=4 TOKENS=4 DOT=0; _1x1_dot GROUPS=1 TOKENS=1 DOT=1; _1x4_dot GROUPS=1 TOKENS=4 DOT=1
#version 460
#extension GL_GOOGLE_include_directive : require
// For the benchmark alone: not IG1.
#define FREE 1
#include "matmul_blocks.glsl"
