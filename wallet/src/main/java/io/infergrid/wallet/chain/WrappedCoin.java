package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import java.util.List;

/** The ERC-20 form of the native coin, in which the contracts hold money. Allowances are exact, never without limit. */
public final class WrappedCoin {

    private final ChainClient client;
    private final Address token;

    /**
     * @param name of the network's contract, {@code TestBTT} on a local chain
     */
    public WrappedCoin(ChainClient client, String name) {
        this.client = client;
        this.token = client.network().contract(name).address();
    }

    public Amount balance(Address account) {
        return client.view(AbiCall.of("balanceOf(address)").word(account), token)
                .amount(0);
    }

    /** Turns coins into tokens. */
    public Intent wrap(Amount amount) {
        return new Intent(
                new Action.Administer("wrap", List.of(amount.toString())),
                AbiCall.of("deposit()").to(token, amount));
    }

    /** Turns tokens into coins. */
    public Intent unwrap(Amount amount) {
        return new Intent(
                new Action.Administer("unwrap", List.of(amount.toString())),
                AbiCall.of("withdraw(uint256)").word(amount).to(token));
    }

    /** Lets a contract of ours take exactly this much. */
    public Intent allow(String contract, Amount amount) {
        Address spender = client.network().contract(contract).address();
        return new Intent(
                new Action.Administer("allow", List.of(contract, amount.toString())),
                AbiCall.of("approve(address,uint256)")
                        .word(spender)
                        .word(amount)
                        .to(token));
    }
}
