"""The writes of billing: issuing and settling invoices, the wallet's ledger, credit notes."""
