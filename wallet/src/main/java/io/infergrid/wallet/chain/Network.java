package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A chain and our contracts on it, as signed configuration names them.
 *
 * @param id short name in settings and on the command line, e.g. {@code bttc}
 * @param title for people
 * @param currency symbol of the native coin, which has 18 decimals
 * @param endpoints JSON-RPC, best first; https, or http on this machine
 * @param blockTime expected time between blocks
 * @param staleAfter a newest block older than this is not believed; zero: age does not matter (a local chain mines on demand)
 * @param confirmations blocks after which an event counts as confirmed
 * @param logBlocks most blocks of one {@code eth_getLogs}
 * @param maxGasPrice most that is ever paid per unit of gas, so that a lying endpoint cannot burn the balance
 * @param depositCap most that this program locks in one channel here; unaudited contracts get little
 * @param realMoney whether the coin is worth something: the window then says "unaudited"
 * @param deployedAt the block before which no contract of ours has events
 * @param contracts by name, see {@link #contract}; empty where none are deployed
 * @param explorer prefix of a transaction's page, if there is one
 */
public record Network(
        String id,
        String title,
        long chainId,
        String currency,
        List<URI> endpoints,
        Duration blockTime,
        Duration staleAfter,
        int confirmations,
        int logBlocks,
        Amount maxGasPrice,
        Amount depositCap,
        boolean realMoney,
        long deployedAt,
        Map<String, Deployed> contracts,
        Optional<URI> explorer) {

    /**
     * A contract and the Keccak-256 of its runtime code.
     */
    public record Deployed(Address address, Bytes32 codeHash) {}

    public Network {
        endpoints = List.copyOf(endpoints);
        contracts = Map.copyOf(contracts);
        if (!id.matches("[a-z0-9-]{1,32}")) {
            throw new IllegalArgumentException("expected a network id of a-z, 0-9 and -, found '" + id + "'");
        }
        if (chainId < 1 || chainId > 1L << 52) {
            throw new IllegalArgumentException("expected a chain id from 1, found " + chainId);
        }
        if (endpoints.isEmpty() || endpoints.size() > 8) {
            throw new IllegalArgumentException("expected 1 to 8 endpoints of " + id + ", found " + endpoints.size());
        }
        endpoints.forEach(Network::requireSafe);
        if (confirmations < 0 || confirmations > 100_000 || logBlocks < 1 || logBlocks > 100_000) {
            throw new IllegalArgumentException("expected confirmations and log blocks of " + id + " up to 100000");
        }
    }

    private static void requireSafe(URI endpoint) {
        String host = endpoint.getHost();
        boolean local = "127.0.0.1".equals(host) || "localhost".equals(host) || "[::1]".equals(host);
        boolean safe = "https".equals(endpoint.getScheme()) || ("http".equals(endpoint.getScheme()) && local);
        if (host == null || !safe || endpoint.getUserInfo() != null) {
            throw new IllegalArgumentException(
                    "expected an endpoint with https (http only on this machine), found '" + endpoint + "'");
        }
    }

    /**
     * Where a contract of ours lives, by its Solidity name such as {@code PaymentChannels}.
     *
     * @throws ChainException if it is not deployed on this network
     */
    public Deployed contract(String name) {
        Deployed deployed = contracts.get(name);
        if (deployed == null) {
            throw new ChainException(
                    ChainException.Kind.WRONG_CODE,
                    title + " has no " + name
                            + " contract in this release: choose the local chain in the settings, or wait"
                            + " for a release that has it");
        }
        return deployed;
    }

    /** Whether all contracts that money moves through are deployed here. */
    public boolean hasContracts() {
        return !contracts.isEmpty();
    }

    /** The same network through the user's own endpoints, which stand first and are checked like the others. */
    public Network withEndpoints(List<URI> own) {
        return new Network(
                id,
                title,
                chainId,
                currency,
                own,
                blockTime,
                staleAfter,
                confirmations,
                logBlocks,
                maxGasPrice,
                depositCap,
                realMoney,
                deployedAt,
                contracts,
                explorer);
    }
}
