package io.infergrid.app.cli;

import io.infergrid.app.money.Purse;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.chain.Intent;
import io.infergrid.wallet.chain.NonceJournal;
import io.infergrid.wallet.chain.Preview;
import java.io.Console;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Mixin;

/** A command about the wallet that there is. */
abstract class PurseCommand extends RigCommand {

    @Mixin
    WalletOptions wallet = new WalletOptions();

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (Purse purse = wallet.open(home())) {
            return with(purse);
        }
    }

    abstract int with(Purse purse) throws IOException, InterruptedException;

    static Amount amount(String btt) {
        try {
            return Amount.parse(btt);
        } catch (IllegalArgumentException e) {
            throw new Failure(String.valueOf(e.getMessage()));
        }
    }

    /** Shows what a signature would do, asks unless told not to, signs, and waits for the block. */
    int carryOut(Purse purse, Intent intent, String what) throws IOException, InterruptedException {
        Preview preview = purse.preview(intent);
        String currency = purse.network().currency();
        if (preview.refusal().isPresent()) {
            throw new Failure("the chain would refuse to " + what + ": "
                    + preview.refusal().get());
        }
        if (preview.balanceAfter().isEmpty()) {
            throw new Failure("expected " + preview.most() + " " + currency + " for amount and fee, found a balance of "
                    + preview.balance());
        }
        err().println("To " + what + " on " + purse.network().title());
        err().println("  fee at most   " + preview.maxFee() + " " + currency);
        err().println("  balance       " + preview.balance() + " now, at least "
                + preview.balanceAfter().get() + " after");
        if (preview.action().atRisk().wei().signum() > 0) {
            err().println("  at risk       " + preview.action().atRisk() + " " + currency);
        }
        if (purse.network().realMoney()) {
            err().println("  The contracts are unaudited. Do not put in more than you can lose.");
        }
        wallet.unlock(purse.vault());
        if (!wallet.yes && !agreed()) {
            throw new Failure("nothing was signed");
        }
        NonceJournal.Entry done = purse.carryOut(
                intent.action().name() + ":" + Instant.now().toEpochMilli() + ":"
                        + purse.client().pendingNonce(purse.owner()),
                preview);
        report(purse, done);
        return 0;
    }

    private boolean agreed() {
        Console console = System.console();
        if (console == null || !console.isTerminal()) {
            throw new Failure("expected a terminal to ask before signing, or --yes");
        }
        String answer = console.readLine("Sign? [y/N] ");
        return answer != null && answer.strip().toLowerCase(Locale.ROOT).startsWith("y");
    }

    private void report(Purse purse, NonceJournal.Entry done) {
        Map<String, Object> map = map(done);
        map.put("balance", purse.balance().toString());
        if (common.json) {
            json(map);
        } else {
            map.forEach((name, value) -> out().printf(Locale.ROOT, "%-12s %s%n", name, value));
        }
    }

    static Map<String, Object> map(NonceJournal.Entry entry) {
        var map = new LinkedHashMap<String, Object>();
        map.put("action", entry.action());
        map.put("state", entry.state().name().toLowerCase(Locale.ROOT));
        map.put(
                "at",
                Instant.ofEpochMilli(entry.attempts().getFirst().atMillis()).toString());
        map.put("transaction", entry.newest().hash().toString());
        map.put("to", entry.call().to().text());
        map.put("value", entry.call().value().toString());
        var receipt = entry.receipt();
        if (receipt != null) {
            map.put("block", receipt.block());
            map.put("succeeded", receipt.succeeded());
            map.put("fee", receipt.fee().toString());
        }
        if (!entry.note().isEmpty()) {
            map.put("note", entry.note());
        }
        return map;
    }
}
