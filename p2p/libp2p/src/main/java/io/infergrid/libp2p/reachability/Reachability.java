package io.infergrid.libp2p.reachability;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PublicAddresses;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The state machine: what is known of how others reach this host. Immutable; {@link #after} gives what is known once a signal came.
 *
 * <ul>
 *   <li>{@link State#UNKNOWN}: no address of ours was confirmed or given up, and no relay holds a slot for us.
 *   <li>{@link State#PUBLIC}: a peer dialled an address of ours within the last {@link #TRUST}, and since then fewer than
 *       {@link #DOUBTS} dials in a row failed.
 *   <li>{@link State#RELAYED}: not public, and a relay holds a slot for us.
 *   <li>{@link State#PRIVATE}: neither, and {@link #DOUBTS} dials failed at every address that was tried.
 * </ul>
 *
 * One success is enough, because it carries a proof (a nonce over a fresh connection); a failure may be the other side's, so it takes
 * several, by different peers or a minute apart, to give an address up.
 */
public final class Reachability {

    /** How long a success counts without another. */
    public static final Duration TRUST = Duration.ofHours(1);

    /** How many dials have to fail, with no success between, before an address counts as closed. */
    public static final int DOUBTS = 3;

    /** How long the word of one peer counts once: only other peers, or the same one later, add to the doubt. */
    public static final Duration DOUBT_PAUSE = Duration.ofMinutes(1);

    /** How many addresses are kept; further candidates are left out. */
    public static final int MAX_ADDRESSES = 16;

    /** How others reach this host. */
    public enum State {
        UNKNOWN,
        PUBLIC,
        PRIVATE,
        RELAYED
    }

    /** What is known of one address. */
    public enum Verdict {
        UNTRIED,
        OPEN,
        CLOSED
    }

    private record Failure(PeerId by, Instant at) {}

    private record Evidence(Optional<Instant> reached, List<Failure> failedSince) {

        private static final Evidence NONE = new Evidence(Optional.empty(), List.of());

        Verdict verdict() {
            if (failedSince.size() >= DOUBTS) {
                return Verdict.CLOSED;
            }
            return reached.isPresent() ? Verdict.OPEN : Verdict.UNTRIED;
        }

        Evidence failed(PeerId by, Instant at) {
            boolean again = failedSince.stream()
                    .anyMatch(f ->
                            f.by.equals(by) && Duration.between(f.at, at).abs().compareTo(DOUBT_PAUSE) < 0);
            if (again || failedSince.size() >= DOUBTS) {
                return this;
            }
            var more = new ArrayList<>(failedSince);
            more.add(new Failure(by, at));
            return new Evidence(reached, List.copyOf(more));
        }

        Evidence at(Instant now) {
            return reached.filter(t -> t.plus(TRUST).isAfter(now)).isEmpty()
                    ? new Evidence(Optional.empty(), failedSince)
                    : this;
        }
    }

    private final Map<Multiaddr, Evidence> evidence;
    private final Mapping mapping;
    private final Set<Multiaddr> relays;

    private Reachability(Map<Multiaddr, Evidence> evidence, Mapping mapping, Set<Multiaddr> relays) {
        this.evidence = evidence;
        this.mapping = mapping;
        this.relays = relays;
    }

    /** Where a host starts. */
    public static Reachability start() {
        return new Reachability(Map.of(), new Mapping.Off(), Set.of());
    }

    /** What is known once this was learnt too. */
    public Reachability after(Signal signal) {
        return switch (signal) {
            case Signal.Candidates(var addresses) -> with(candidates(addresses));
            case Signal.Reached news -> changed(news.address(), _ -> new Evidence(Optional.of(news.at()), List.of()));
            case Signal.NotReached news -> changed(news.address(), e -> e.failed(news.by(), news.at()));
            case Signal.Tick(var now) -> ticked(now);
            case Signal.Mapped(var other) -> new Reachability(evidence, other, relays);
            case Signal.Relays(var addresses) -> new Reachability(evidence, mapping, addresses);
            case Signal.NetworkChanged() -> with(Map.of());
        };
    }

    private Map<Multiaddr, Evidence> candidates(Set<Multiaddr> addresses) {
        var kept = new LinkedHashMap<Multiaddr, Evidence>();
        addresses.stream()
                .sorted(Comparator.comparing((Multiaddr a) -> !evidence.containsKey(a))
                        .thenComparing(Multiaddr::toString))
                .limit(MAX_ADDRESSES)
                .forEach(a -> kept.put(a, evidence.getOrDefault(a, Evidence.NONE)));
        return kept;
    }

    /** Evidence of an address that is no candidate any more came too late and is dropped. */
    private Reachability changed(Multiaddr address, UnaryOperator<Evidence> change) {
        var known = evidence.get(address);
        if (known == null) {
            return this;
        }
        var other = new LinkedHashMap<>(evidence);
        other.put(address, change.apply(known));
        return with(other);
    }

    private Reachability ticked(Instant now) {
        var other = new LinkedHashMap<Multiaddr, Evidence>();
        evidence.forEach((address, e) -> other.put(address, e.at(now)));
        return with(other);
    }

    private Reachability with(Map<Multiaddr, Evidence> other) {
        return new Reachability(other, mapping, relays);
    }

    public State state() {
        if (has(Verdict.OPEN)) {
            return State.PUBLIC;
        }
        if (!relays.isEmpty()) {
            return State.RELAYED;
        }
        return has(Verdict.CLOSED) && !has(Verdict.UNTRIED) ? State.PRIVATE : State.UNKNOWN;
    }

    private boolean has(Verdict verdict) {
        return evidence.values().stream().anyMatch(e -> e.verdict() == verdict);
    }

    /** What is known of an address; empty if it is none of the candidates. */
    public Optional<Verdict> verdict(Multiaddr address) {
        return Optional.ofNullable(evidence.get(address)).map(Evidence::verdict);
    }

    /** The addresses that peers reached. */
    public List<Multiaddr> open() {
        return addresses(Verdict.OPEN);
    }

    /** The addresses that peers failed at. */
    public List<Multiaddr> closed() {
        return addresses(Verdict.CLOSED);
    }

    private List<Multiaddr> addresses(Verdict verdict) {
        return evidence.entrySet().stream()
                .filter(e -> e.getValue().verdict() == verdict)
                .map(Map.Entry::getKey)
                .toList();
    }

    public Mapping mapping() {
        return mapping;
    }

    /** The addresses through relays. */
    public Set<Multiaddr> relays() {
        return relays;
    }

    /** Whether a host in this state should hold slots at relays: as soon as one dial failed and none succeeded. */
    public boolean wantsRelays() {
        boolean doubted = evidence.values().stream().anyMatch(e -> !e.failedSince.isEmpty());
        return !has(Verdict.OPEN) && (doubted || !relays.isEmpty());
    }

    /** Whether a host in this state should answer the DHT's queries and relay for others: only if others can dial it. */
    public boolean mayServe() {
        return state() == State.PUBLIC;
    }

    /** What this means for the person at the rig, and the next step if there is one, in plain words. */
    public String advice() {
        return switch (state()) {
            case PUBLIC -> "Others reach this rig directly at " + open().getFirst() + ".";
            case RELAYED ->
                "Others reach this rig through " + (relays.size() == 1 ? "a relay" : relays.size() + " relays")
                        + "; a direct link is tried with each peer. " + remedy();
            case PRIVATE -> "Others cannot reach this rig, so it can only call out. " + remedy();
            case UNKNOWN ->
                evidence.isEmpty()
                        ? "Not known yet whether others can reach this rig: no peer has seen an address of it that the internet could dial."
                        : "Not known yet whether others can reach this rig: peers are being asked to try.";
        };
    }

    private String remedy() {
        var port = evidence.keySet().stream()
                .flatMap(a -> a.value(Multiaddr.Protocol.TCP).stream())
                .findFirst()
                .map(p -> "TCP port " + p)
                .orElse("its port");
        return switch (mapping) {
            case Mapping.Open(var external)
            when !isPublic(external) ->
                "The router opened " + external
                        + ", which is not an address of the internet: the provider shares one address among customers. Ask it for a public IPv4 address, or use IPv6.";
            case Mapping.Open(var external) ->
                "The router opened " + external + " and yet nobody gets through: allow " + port
                        + " in this computer's firewall, or look for a second router before the first.";
            case Mapping.Refused _ ->
                "Next step: forward " + port + " to this computer on the router, or switch on UPnP or NAT-PMP there.";
            case Mapping.Off() ->
                "Next step: switch on port mapping in the settings, or forward " + port
                        + " to this computer on the router.";
            case Mapping.Asking() -> "The router is being asked to forward " + port + ".";
        };
    }

    private static boolean isPublic(Multiaddr address) {
        return address.ip().map(PublicAddresses::isPublic).orElse(false);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Reachability that
                && evidence.equals(that.evidence)
                && mapping.equals(that.mapping)
                && relays.equals(that.relays);
    }

    @Override
    public int hashCode() {
        return Objects.hash(evidence, mapping, relays);
    }

    @Override
    public String toString() {
        return state() + " " + evidence + " " + mapping + " " + relays;
    }
}
