//! Software keys on Unix sockets, in the frame format of virtual smart-card readers.
