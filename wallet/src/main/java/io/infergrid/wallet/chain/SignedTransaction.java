package io.infergrid.wallet.chain;

import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.keys.Signature;
import io.infergrid.wallet.keys.Signer;
import java.math.BigInteger;
import java.util.HexFormat;
import org.web3j.crypto.RawTransaction;
import org.web3j.crypto.Sign;
import org.web3j.crypto.TransactionEncoder;

/**
 * The bytes of a signed transaction and their hash. Always bound to a chain id (EIP-155 or EIP-1559): what web3j's {@code
 * RawTransactionManager} signs without one is good on every chain.
 */
record SignedTransaction(Bytes32 hash, String raw) {

    static SignedTransaction sign(long chainId, long nonce, Call call, BigInteger gas, Fees fees, Signer signer) {
        RawTransaction transaction = unsigned(chainId, nonce, call, gas, fees);
        byte[] encoded = fees instanceof Fees.Legacy
                ? TransactionEncoder.encode(transaction, chainId)
                : TransactionEncoder.encode(transaction);
        Signature signature = signer.sign(Bytes32.keccak(encoded).toBytes());
        byte[] bytes = signature.toBytes();
        var data = new Sign.SignatureData(
                (byte) signature.v(), java.util.Arrays.copyOf(bytes, 32), java.util.Arrays.copyOfRange(bytes, 32, 64));
        byte[] signed = TransactionEncoder.encode(
                transaction,
                fees instanceof Fees.Legacy ? TransactionEncoder.createEip155SignatureData(data, chainId) : data);
        return new SignedTransaction(
                Bytes32.keccak(signed), "0x" + HexFormat.of().formatHex(signed));
    }

    private static RawTransaction unsigned(long chainId, long nonce, Call call, BigInteger gas, Fees fees) {
        BigInteger count = BigInteger.valueOf(nonce);
        String to = call.to().text();
        BigInteger value = call.value().wei();
        return switch (fees) {
            case Fees.Legacy(BigInteger price) ->
                RawTransaction.createTransaction(count, price, gas, to, value, call.data());
            case Fees.Dynamic(BigInteger max, BigInteger priority) ->
                RawTransaction.createTransaction(chainId, count, gas, to, value, call.data(), priority, max);
        };
    }
}
