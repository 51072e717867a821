package io.infergrid.grid.verification;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.Hash;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.PeerId;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A gateway's comparison of what the peers of one session say of its windows. Nobody is asked to reveal before all who compute a window
 * have committed to it. Keeps a bounded number of windows. Used by one thread.
 */
public final class WindowAudit {

    /** Windows of one stage that may be under way; a pipeline has fewer. */
    static final int MOST_OPEN = 64;

    /** What came out of a comparison. */
    public enum Outcome {
        /** All say the same. */
        AGREED,
        /** One was given, or says that it was given, other bytes than its neighbour put out. */
        INPUT_DIFFERS,
        /** From the same input came another output. */
        OUTPUT_DIFFERS,
        /** What was revealed is not what was committed to. */
        REVEAL_DIFFERS
    }

    /**
     * The result for one window of one stage.
     *
     * @param accused who is shown to have lied; empty if it is not clear who of the two is wrong
     * @param evidence the claims, with the signatures under their commitments
     */
    public record Verdict(
            int stage, int window, Outcome outcome, Optional<PeerId> accused, List<Signed> evidence, String sentence) {

        public Verdict {
            evidence = List.copyOf(evidence);
        }
    }

    /** A claim and its peer's signature under its commitment: anyone can check it. */
    public record Signed(WindowClaim claim, byte[] signature) {

        public Signed {
            signature = signature.clone();
        }
    }

    /** What the gateway itself knows of a window: SHA-256 over the tokens that it sent, and over those that it was given. */
    public interface Own {
        Optional<Hash> tokensIn(int window);

        Optional<Hash> tokensOut(int window);
    }

    private record Key(int stage, int window) {}

    private record Commitment(Hash hash, byte[] signature) {}

    private static final class Entry {
        private final Map<PeerId, Commitment> commitments = new LinkedHashMap<>();
        private final Map<PeerId, Signed> revealed = new LinkedHashMap<>();
        /** Once asked to reveal: who, the active stage first. */
        private List<PeerId> asked = List.of();
    }

    private final String session;
    private final Hash model;
    private final List<BlockRange> stages;
    private final String profile;
    private final Own own;
    private final Map<Key, Entry> open = new LinkedHashMap<>();
    /** Outputs that were agreed on, which the next stage's inputs must be. */
    private final Map<Key, Hash> agreedOut = new HashMap<>();

    /** @param stages blocks of each stage in order */
    public WindowAudit(String session, Hash model, List<BlockRange> stages, String profile, Own own) {
        this.session = session;
        this.model = model;
        this.stages = List.copyOf(stages);
        this.profile = profile;
        this.own = own;
    }

    /**
     * A peer has committed.
     *
     * @param expected who computes this stage now, the active one first
     * @return whom to ask to reveal: all of {@code expected} once they have all committed and are two at least, else nobody
     * @throws WireException if the commitment is not signed, comes twice, or too many are under way
     */
    public List<PeerId> committed(
            int stage, int window, PeerId peer, Hash commitment, byte[] signature, List<PeerId> expected)
            throws WireException {
        if (!WindowClaim.signedBy(peer, commitment, signature)) {
            throw new WireException("expected a commitment to window " + window + " signed by " + peer);
        }
        var key = new Key(stage, window);
        Entry entry = open.get(key);
        if (entry == null) {
            if (open.keySet().stream().filter(k -> k.stage() == stage).count() >= MOST_OPEN) {
                throw new WireException("expected up to " + MOST_OPEN + " windows under way, found window " + window);
            }
            entry = new Entry();
            open.put(key, entry);
        }
        if (entry.commitments.putIfAbsent(peer, new Commitment(commitment, signature.clone())) != null) {
            throw new WireException("expected one commitment to window " + window + ", found another");
        }
        if (expected.size() < 2
                || !entry.asked.isEmpty()
                || !entry.commitments.keySet().containsAll(expected)) {
            if (expected.size() < 2) {
                open.remove(key);
            }
            return List.of();
        }
        entry.asked = List.copyOf(expected);
        entry.commitments.keySet().retainAll(expected);
        return List.copyOf(expected);
    }

    /** Forgets what a peer that is gone has said; windows that waited for it stay unchecked. */
    public void gone(PeerId peer) {
        open.values().removeIf(entry -> entry.commitments.containsKey(peer));
    }

    /**
     * A peer has revealed.
     *
     * @return the verdict if it was the last one, or if it does not fit its commitment
     * @throws WireException if it was not asked
     */
    public Optional<Verdict> revealed(int stage, int window, PeerId peer, WindowClaim.Secret secret)
            throws WireException {
        var key = new Key(stage, window);
        Entry entry = open.get(key);
        Commitment commitment = entry == null || entry.asked.isEmpty() ? null : entry.commitments.get(peer);
        if (entry == null || commitment == null) {
            return Optional.empty(); // its partner left meanwhile
        }
        var claim = new WindowClaim(
                session,
                model,
                stages.get(stage),
                stage,
                window,
                secret.in(),
                secret.out(),
                profile,
                peer,
                secret.salt());
        var signed = new Signed(claim, commitment.signature());
        if (!claim.commitment().equals(commitment.hash())) {
            open.remove(key);
            return Optional.of(new Verdict(
                    stage,
                    window,
                    Outcome.REVEAL_DIFFERS,
                    Optional.of(peer),
                    List.of(signed),
                    "what " + peer + " revealed of window " + window + " of stage " + stage
                            + " is not what it committed to"));
        }
        if (entry.revealed.putIfAbsent(peer, signed) != null) {
            throw new WireException("expected window " + window + " to be revealed once, found it again");
        }
        if (entry.revealed.size() < entry.commitments.size()) {
            return Optional.empty();
        }
        open.remove(key);
        return Optional.of(compare(
                key,
                entry.asked.stream()
                        .map(entry.revealed::get)
                        .filter(Objects::nonNull)
                        .toList()));
    }

    private Verdict compare(Key key, List<Signed> claims) {
        Optional<Hash> in = key.stage() == 0
                ? own.tokensIn(key.window())
                : Optional.ofNullable(agreedOut.get(new Key(key.stage() - 1, key.window())));
        for (Signed signed : claims) {
            if (in.isPresent() && !in.get().equals(signed.claim().in())) {
                return verdict(key, Outcome.INPUT_DIFFERS, Optional.of(signed), claims);
            }
        }
        WindowClaim first = claims.getFirst().claim();
        for (Signed signed : claims) {
            if (!signed.claim().in().equals(first.in())) {
                return verdict(key, Outcome.INPUT_DIFFERS, Optional.empty(), claims);
            }
        }
        boolean same = claims.stream().allMatch(signed -> signed.claim().out().equals(first.out()));
        // what it gave out and what it says it gave out are two things at the last stage
        Optional<Hash> given = key.stage() == stages.size() - 1 ? own.tokensOut(key.window()) : Optional.empty();
        if (same && given.isPresent() && !given.get().equals(first.out())) {
            return verdict(key, Outcome.OUTPUT_DIFFERS, Optional.of(claims.getFirst()), claims);
        }
        if (same) {
            agreedOut.put(key, first.out());
            agreedOut.keySet().removeIf(k -> k.stage() == key.stage() && k.window() < key.window() - MOST_OPEN);
            return verdict(key, Outcome.AGREED, Optional.empty(), claims);
        }
        return verdict(key, Outcome.OUTPUT_DIFFERS, Optional.empty(), claims);
    }

    private static Verdict verdict(Key key, Outcome outcome, Optional<Signed> accused, List<Signed> claims) {
        Optional<PeerId> who = accused.map(signed -> signed.claim().peer());
        String peers = String.join(
                " and ",
                claims.stream().map(signed -> signed.claim().peer().toString()).toList());
        String what = switch (outcome) {
            case AGREED -> peers + " computed the same";
            case INPUT_DIFFERS ->
                who.map(peer -> peer + " says it was given other bytes than it was sent")
                        .orElse(peers + " say they were given different bytes");
            case OUTPUT_DIFFERS -> peers + " computed different bytes from the same input";
            case REVEAL_DIFFERS -> peers + " revealed something else";
        };
        return new Verdict(
                key.stage(),
                key.window(),
                outcome,
                who,
                claims,
                "window " + key.window() + " of stage " + key.stage() + ": " + what);
    }
}
