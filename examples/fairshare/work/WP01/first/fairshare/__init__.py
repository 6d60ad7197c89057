"""Who owes whom after a shared weekend."""
