//! Top-ups of fee balances (tig-protocol.md section 5.5), and the transactions they name.
//!
//! There is no chain below the devnet. A transaction that nobody recorded is a gift: whoever names its hash first is
//! taken to have paid the right amount to the right address.

use std::collections::BTreeMap;

use tig_protocol::PreciseNumber;

use super::ProtocolError;
use crate::network::state::{Account, Key, Network, StoredTopup, Transaction, is_prefixed_hex};

impl Network {
    /// Puts a transaction on the chain below the network, so that a top-up which names it is checked against it.
    pub fn record_transaction(&mut self, tx_hash: &str, transaction: Transaction) {
        self.transactions.insert(tx_hash.to_owned(), transaction);
        self.changes.touch(Key::Accounts);
    }

    /// Stores a top-up of the player's fee balance in the mempool.
    ///
    /// # Errors
    /// The first rule that it breaks; nothing is stored then.
    pub fn submit_topup(&mut self, player_id: &str, tx_hash: &str) -> Result<(), ProtocolError> {
        let tx_hash = tx_hash.to_owned();
        if self.topups.contains_key(&tx_hash) {
            return Err(ProtocolError::DuplicateTransaction { tx_hash });
        }
        let config = &self.chain.latest().config;
        let rules = config.precommit_submissions.as_ref();
        let right = Transaction {
            sender: player_id.to_owned(),
            receiver: config.erc20.burn_address.clone(),
            amount: rules.map_or(PreciseNumber::ZERO, |rules| rules.topup_amount),
        };
        let transaction = match self.transactions.get(&tx_hash) {
            Some(transaction) => transaction,
            None if is_tx_hash(&tx_hash) => &right,
            None => return Err(ProtocolError::InvalidTransaction { tx_hash }),
        };
        check_transaction(&tx_hash, transaction, &right)?;
        let topup = StoredTopup {
            player_id: right.sender,
            amount: right.amount,
            confirmed: None,
        };
        self.topups.insert(tx_hash.clone(), topup);
        self.changes.touch(Key::Topup(tx_hash));
        Ok(())
    }
}

fn check_transaction(
    tx_hash: &str,
    transaction: &Transaction,
    right: &Transaction,
) -> Result<(), ProtocolError> {
    let tx_hash = tx_hash.to_owned();
    if transaction.sender != right.sender {
        return Err(ProtocolError::InvalidTransactionSender {
            tx_hash,
            expected: right.sender.clone(),
            actual: transaction.sender.clone(),
        });
    }
    if transaction.receiver != right.receiver {
        return Err(ProtocolError::InvalidTransactionReceiver {
            tx_hash,
            expected: right.receiver.clone(),
            actual: transaction.receiver.clone(),
        });
    }
    if transaction.amount != right.amount {
        return Err(ProtocolError::InvalidTransactionAmount {
            tx_hash,
            expected: right.amount,
            actual: transaction.amount,
        });
    }
    Ok(())
}

/// Credits what waits in the mempool, and names it. A sum that does not fit leaves its top-up there.
pub(crate) fn confirm(
    topups: &mut BTreeMap<String, StoredTopup>,
    accounts: &mut BTreeMap<String, Account>,
    height: u32,
) -> Vec<String> {
    let mut confirmed = Vec::new();
    for (tx_hash, topup) in topups.iter_mut().filter(|(_, it)| it.confirmed.is_none()) {
        let account = accounts.get_mut(&topup.player_id);
        if let Some((account, credited)) =
            account.and_then(|account| account.credited(topup.amount).map(|it| (account, it)))
        {
            *account = credited;
            topup.confirmed = Some(height);
            confirmed.push(tx_hash.clone());
        }
    }
    confirmed
}

/// `0x` and 64 lower-case hex digits.
fn is_tx_hash(text: &str) -> bool {
    is_prefixed_hex(text, 64)
}
