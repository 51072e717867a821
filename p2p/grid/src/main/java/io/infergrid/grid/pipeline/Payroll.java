package io.infergrid.grid.pipeline;

import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.Hash;
import io.infergrid.grid.payment.Cashier;
import io.infergrid.grid.payment.Offer;
import io.infergrid.grid.payment.Payments;
import io.infergrid.grid.pipeline.Chain.Member;
import io.infergrid.grid.pipeline.StageMessage.Paid;
import io.infergrid.grid.verification.WindowClaim;
import io.infergrid.libp2p.PeerId;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who of a pipeline is paid: a {@link Cashier} for each stage and standby that wants money. Used by the job's thread. */
final class Payroll {

    private static final Logger LOG = LoggerFactory.getLogger(Payroll.class);

    private final Payments payments;
    private final String session;
    private final Hash model;
    private final PeerId gateway;
    private final GridMetrics metrics;
    private final Map<Member, Cashier> cashiers = new LinkedHashMap<>();
    private int windows;

    Payroll(Payments payments, String session, Hash model, PeerId gateway, GridMetrics metrics) {
        this.payments = payments;
        this.session = session;
        this.model = model;
        this.gateway = gateway;
        this.metrics = metrics;
    }

    /** A member has said what it wants; why this gateway does not pay it, if it does not. */
    Optional<String> hire(Member member, Optional<Offer> offer) {
        if (offer.isEmpty() || cashiers.containsKey(member)) {
            return Optional.empty();
        }
        var service = new Payments.Service(session, model, member.blocks(), gateway, member.peer(), member.standby());
        Optional<String> objection = payments.objection(service, offer.get());
        if (objection.isEmpty()) {
            cashiers.put(member, new Cashier(payments, service, offer.get(), payment -> send(member, payment), why -> {
                metrics.count("gateway.payments.failed");
                LOG.warn("{} is not paid: {}", member, why);
            }));
        } else {
            metrics.count("gateway.offers.refused");
        }
        return objection;
    }

    private void send(Member member, Cashier.Payment payment) {
        try {
            member.tell(new Paid(payment.windows(), payment.committed(), payment.voucher()));
            metrics.count("gateway.vouchers");
        } catch (IOException gone) {
            // its reader says so; the voucher is stored, and good
        }
    }

    void committed(Member member, int window, Hash commitment, boolean alone) {
        Cashier cashier = cashiers.get(member);
        if (cashier != null && cashier.committed(window, commitment) && alone) {
            cashier.nobodyChecks();
        }
    }

    void checked(Member member, int window, boolean right) {
        Cashier cashier = cashiers.get(member);
        if (cashier != null && right) {
            cashier.right(window);
        } else if (cashier != null) {
            cashier.wrong(window);
        }
    }

    /** Nobody else computes what this member does any more. */
    void alone(Member member) {
        Cashier cashier = cashiers.get(member);
        if (cashier != null) {
            cashier.nobodyChecks();
        }
    }

    void dismiss(Member member) {
        Cashier cashier = cashiers.remove(member);
        if (cashier != null) {
            cashier.stop();
        }
    }

    /** The whole pipeline is past the positions before this one. */
    void passed(int position) {
        int now = position / WindowClaim.POSITIONS;
        if (now > windows) {
            windows = now;
            cashiers.values().forEach(cashier -> cashier.passed(now));
        }
    }

    /** Whether somebody has computed windows that are not paid yet. */
    boolean owes() {
        return cashiers.values().stream().anyMatch(cashier -> cashier.owes(windows));
    }

    void close() {
        cashiers.values().forEach(Cashier::stop);
    }
}
