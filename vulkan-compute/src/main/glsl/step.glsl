// What the host writes before each step; the same layout as StepParameters.java. A step's tokens are of one session or of
// several, each at its own position; a session's keys and values are in pages of 32 positions.
const uint PAGE = 32;

struct Token {
  uint position;
  uint firstPage;  // in step_.pages
  uint headRow;  // of entry i: the i-th token whose logits are wanted
  uint unused_;
};

layout(binding = 0) readonly buffer Step {
  uint count;  // tokens of the step
  uint headRows;
  uint unused1_;
  uint unused2_;
  Token token[32];
  uint pages[];
} step_;

// Where a token's keys or values of a position lie, counted in positions.
uint cacheRow(uint token, uint position) {
  return step_.pages[step_.token[token].firstPage + position / PAGE] * PAGE + position % PAGE;
}

// Vectors that an operation takes: of every token, or (head) of those whose logits are wanted.
uint vectors(uint head) {
  return head == 1u ? step_.headRows : step_.count;
}

// The first position that a position sees through a window of so many positions, its own among them; 0: all before it.
uint firstSeen(uint position, uint window) {
  return window == 0u || position < window ? 0u : position + 1u - window;
}
