CALL peer.book_timed(:event);
