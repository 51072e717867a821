package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Bytes32;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which logs are asked for.
 *
 * @param contracts at least one
 * @param topics alternatives per position, an empty list takes anything; at most four positions
 */
public record EventFilter(List<Address> contracts, List<List<Bytes32>> topics) {

    public EventFilter {
        contracts = List.copyOf(contracts);
        topics = topics.stream().map(List::copyOf).toList();
        if (contracts.isEmpty() || topics.size() > 4) {
            throw new IllegalArgumentException("expected a contract or more and at most four topics");
        }
    }

    /** Every event of these contracts. */
    public static EventFilter of(List<Address> contracts) {
        return new EventFilter(contracts, List.of());
    }

    /** The parameter of {@code eth_getLogs}. */
    Map<String, Object> query(long from, long to) {
        var query = new LinkedHashMap<String, Object>();
        query.put("fromBlock", "0x" + Long.toHexString(from));
        query.put("toBlock", "0x" + Long.toHexString(to));
        query.put("address", contracts.stream().map(Address::text).toList());
        if (!topics.isEmpty()) {
            var positions = new ArrayList<Object>();
            for (List<Bytes32> alternatives : topics) {
                positions.add(
                        alternatives.isEmpty()
                                ? List.of() // a node takes it for "any"
                                : alternatives.stream().map(Bytes32::toString).toList());
            }
            query.put("topics", positions);
        }
        return query;
    }

    /** Whether an endpoint's log is one that was asked for. */
    boolean accepts(ChainEvent event) {
        if (!contracts.contains(event.contract()) || event.topics().size() < topics.size()) {
            return false;
        }
        for (int i = 0; i < topics.size(); i++) {
            if (!topics.get(i).isEmpty()
                    && !topics.get(i).contains(event.topics().get(i))) {
                return false;
            }
        }
        return true;
    }
}
