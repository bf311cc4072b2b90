# Varnish in front of two replicas. Tested with 7.1. Start:
#
#   varnishd -F -a 127.0.0.1:8080 -f $PWD/varnish.vcl -p pipe_timeout=75 -p backend_idle_timeout=10 -p thread_pool_max=10000
#
#   pipe_timeout           longer than a replica's --ping-interval (20 s), so that pings keep a quiet connection open
#   backend_idle_timeout   shorter than a replica keeps an idle connection (60 s), so that no call meets its closing
#   thread_pool_max        each WebSocket keeps one thread for as long as it lasts
vcl 4.1;

import directors;

# Varnish cannot try another replica for a WebSocket, so it has to know which ones are there: it asks each of them twice a second.
# One failed answer is enough to leave a replica alone, one good answer to use it again.
probe alive {
    .url = "/healthz";
    .interval = 0.5s;
    .timeout = 1s;
    .window = 1;
    .threshold = 1;
    .initial = 1;
}

# The timeouts are for /sse/ and /poll/: longer than --ping-interval.
backend replica_1 {
    .host = "127.0.0.1";
    .port = "3000";
    .probe = alive;
    .connect_timeout = 1s;
    .first_byte_timeout = 75s;
    .between_bytes_timeout = 75s;
}
backend replica_2 {
    .host = "127.0.0.1";
    .port = "3001";
    .probe = alive;
    .connect_timeout = 1s;
    .first_byte_timeout = 75s;
    .between_bytes_timeout = 75s;
}

sub vcl_init {
    new replicas = directors.round_robin();
    replicas.add_backend(replica_1);
    replicas.add_backend(replica_2);
}

sub vcl_recv {
    set req.backend_hint = replicas.backend();
    if (req.http.Upgrade ~ "(?i)^websocket$") {
        # From now on Varnish only copies bytes.
        return (pipe);
    }
    # Nothing of Tidings is to be cached. Varnish sends an answer on while it comes, which is what /sse/ needs.
    return (pass);
}

sub vcl_pipe {
    # Headers of one hop, which Varnish leaves out by itself.
    set bereq.http.Upgrade = req.http.Upgrade;
    set bereq.http.Connection = "upgrade";
}

# Try another replica when one cannot be reached or is full. Not for a POST, which may have had its effect.
sub vcl_backend_response {
    if (bereq.method == "GET" && beresp.status == 503 && bereq.retries < 3) {
        return (retry);
    }
}
sub vcl_backend_error {
    if (bereq.method == "GET" && bereq.retries < 3) {
        return (retry);
    }
}
