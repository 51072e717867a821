package io.infergrid.grid.batching;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.batching.CacheBudget.Answer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class CacheBudgetProperties {

    private static final int BUDGET = 100;
    private static final int AWAY = 150;
    private static final int PATIENCE = 5;

    private record Event(int kind, int session, int bytes, int ticks) {}

    @Provide
    static Arbitrary<List<Event>> events() {
        return Combinators.combine(
                        Arbitraries.integers().between(0, 3),
                        Arbitraries.integers().between(0, 7),
                        Arbitraries.integers().between(0, 120),
                        Arbitraries.integers().between(0, 4))
                .as(Event::new)
                .list()
                .ofMaxSize(80);
    }

    @Property(tries = 500)
    void the_budget_is_never_exceeded_and_only_idle_sessions_are_put_away(@ForAll("events") List<Event> events) {
        var budget = new CacheBudget<Integer>(BUDGET, AWAY, PATIENCE);
        Map<Integer, Integer> claims = new HashMap<>();
        Map<Integer, Long> touched = new HashMap<>();
        Set<Integer> computing = new HashSet<>();
        long now = 0;
        for (Event event : events) {
            now += event.ticks();
            int session = event.session();
            switch (event.kind()) {
                case 0 -> {
                    if (!claims.containsKey(session)) {
                        Answer<Integer> answer = budget.admit(session, event.bytes(), now);
                        assertThat(answer instanceof Answer.TooLarge).isEqualTo(event.bytes() > BUDGET);
                        if (granted(answer, computing, touched, now)) {
                            claims.put(session, event.bytes());
                            touched.put(session, now);
                        }
                    }
                }
                case 1 -> {
                    if (claims.containsKey(session) && !computing.contains(session)) {
                        if (granted(budget.step(session, now), computing, touched, now)) {
                            computing.add(session);
                            assertThat(budget.resident(session)).isTrue();
                        }
                    }
                }
                case 2 -> {
                    if (computing.remove(session)) {
                        budget.stepDone(session, now);
                        touched.put(session, now);
                    }
                }
                default -> {
                    budget.release(session);
                    claims.remove(session);
                    computing.remove(session);
                }
            }
            assertThat(budget.residentBytes()).isBetween(0L, (long) BUDGET);
            assertThat(budget.suspendedBytes()).isBetween(0L, (long) AWAY);
            assertThat(budget.residentBytes() + budget.suspendedBytes())
                    .isEqualTo(
                            claims.values().stream().mapToInt(Integer::intValue).sum());
            assertThat(computing).allMatch(budget::resident);
        }
        claims.keySet().forEach(budget::release);
        assertThat(budget.residentBytes() + budget.suspendedBytes()).isZero();
    }

    private static boolean granted(
            Answer<Integer> answer, Set<Integer> computing, Map<Integer, Long> touched, long now) {
        if (!(answer instanceof Answer.Granted<Integer>(var suspend))) {
            return false;
        }
        assertThat(suspend).doesNotHaveDuplicates().noneMatch(computing::contains);
        assertThat(suspend).allMatch(one -> now - touched.getOrDefault(one, now) >= PATIENCE);
        return true;
    }

    @Example
    void the_longest_idle_makes_room_and_comes_back_in_place_of_the_next() {
        var budget = new CacheBudget<String>(BUDGET, AWAY, PATIENCE);
        budget.admit("a", 50, 0);
        budget.admit("b", 50, 1);

        assertThat(budget.admit("c", 50, 2)).isEqualTo(new Answer.Full<String>(0));
        assertThat(budget.admit("c", 50, 7)).isEqualTo(new Answer.Granted<>(List.of("a")));
        assertThat(budget.step("a", 8)).isEqualTo(new Answer.Granted<>(List.of("b")));
        assertThat(budget.step("b", 9)).isEqualTo(new Answer.Full<String>(0));
        assertThat(budget.step("b", 12)).isEqualTo(new Answer.Granted<>(List.of("c")));
        assertThat(budget.admit("d", 101, 20)).isEqualTo(new Answer.TooLarge<String>(BUDGET));
    }
}
