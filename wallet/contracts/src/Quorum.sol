// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {StakeRegistry} from "./StakeRegistry.sol";

/// @title Signatures of validators, by weight
library Quorum {
    error NotAscending();
    error NotAValidator(address signer);
    error TooLittleWeight(uint256 weight, uint256 total);
    error TooManySignatures(uint256 count);

    uint256 internal constant MOST = 128;

    /// @notice Requires that validators with two thirds of all weight signed; signatures by operators, ascending by their owners, so
    /// that each counts once.
    function require23(StakeRegistry stakes, bytes32 digest, uint64 time, bytes[] calldata signatures) internal view {
        uint256 signed = weigh(stakes, digest, time, signatures);
        (,, uint256 total) = stakes.weightsAt(time);
        if (total == 0 || signed * 3 < total * 2) revert TooLittleWeight(signed, total);
    }

    function weigh(StakeRegistry stakes, bytes32 digest, uint64 time, bytes[] calldata signatures)
        internal
        view
        returns (uint256 weight)
    {
        if (signatures.length > MOST) revert TooManySignatures(signatures.length);
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; i++) {
            address owner = signer(stakes, digest, signatures[i]);
            if (owner <= last) revert NotAscending();
            if (!stakes.isValidator(owner)) revert NotAValidator(owner);
            last = owner;
            weight += stakes.weightAt(owner, time);
        }
    }

    /// @notice Whose operator signed; the key itself where it is nobody's operator.
    function signer(StakeRegistry stakes, bytes32 digest, bytes calldata signature) internal view returns (address) {
        address key = ECDSA.recover(digest, signature);
        address owner = stakes.ownerOfOperator(key);
        return owner == address(0) ? key : owner;
    }
}
