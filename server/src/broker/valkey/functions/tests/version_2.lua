#!lua name=tidings

-- What Tidings runs inside Valkey. Each call is one atomic step. Any client in any language publishes with
--
--   FCALL tidings_publish 1 'orders:{acme}' '<json>' [idempotencyKey]               a Log feed
--   FCALL tidings_set 1 'prices:{acme}' '<json>' <retentionMs> [idempotencyKey]     a State feed
--
-- A channel `c` is the pub/sub channel `c` and these keys, all in one cluster slot because of the braces:
--   c              stream, one entry for each event, whose id is `<offset>-0`; the channel's history
--   c:meta         hash: the channel's count
--                    epoch, offset   the position of the newest event
--                    lineage         `<lineage id> <first digits of the epoch>`, see "Lineage"
--                    began           when the count began (ms), or 0 where an earlier count was given up for it
--                    refreshed       when the key's expiry was set (ms)
--                    run             which process of Valkey began the count; the library before version 2 reads it
--   c:once:<key>   string: the event id that was published with this idempotency key
--   c:newest       hash { epoch, version, lineage, run, t, p }: the newest value of a State feed, for its retention
--   c:members      hash { member → "<expiresAtMs> <json>" }: of a Members feed
-- All channels of one prefix and namespace share
--   <prefix><namespace>:{tidings}:settings
--                  string `id=… run=… replid=… events=… history_ms=… once_ms=… durability=…`: what is set for them, and
--                  their lineage. A string, because one that has not changed need not be taken apart again.
--
-- `tidings_publish`, `tidings_set` and `tidings_report` keep their names and arguments for ever: publishers call them.
-- Replicas find out with `tidings_version` what they have in front of them. Raise it with every change of this file.

local VERSION = 2

-- What holds for a namespace for which no replica has set anything.
local HISTORY_EVENTS = 1000
local HISTORY_MS = 60 * 60 * 1000
local ONCE_MS = 5 * 60 * 1000

local DAY_MS = 24 * 60 * 60 * 1000
-- How long a void position is accepted. A count lives at least a day longer: the day by which its expiry may be
-- refreshed late also covers clocks that are wrong by less than a day.
local VOID_MS = 30 * DAY_MS
-- Valkey refuses an expiry that overflows its clock: a thousand years.
local LONGEST_MS = 1000 * 365 * DAY_MS

-- Channels in one call of `tidings_positions`.
local POSITIONS_AT_ONCE = 256
-- Events and bytes that are read in one call, whatever the caller's budget: a call must not hold up Valkey.
local READ_EVENTS = 256
local READ_BYTES = 256 * 1024
-- Events that are read from the stream at once.
local GROUP = 128

local function integer(number)
  return string.format('%.0f', number)
end

-- The time at which this call began.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Which process of Valkey this is. It changes only with the process, and each process loads the library again.
local this_run = nil
local function run_id()
  if not this_run then
    this_run = redis.call('INFO', 'server'):match('run_id:(%w+)')
  end
  return this_run
end

-- 40 hexadecimal digits that nobody has had before. Random numbers in Lua begin with the same seed after each
-- restart of Valkey, the clock and the process do not.
local function random_hex(name)
  local time = redis.call('TIME')
  return redis.sha1hex(table.concat({ name, run_id(), time[1], time[2], math.random() }, ' '))
end

-- The version digit 8 marks a UUID of one's own making.
local function epoch_of(hex)
  return hex:sub(1, 8) .. '-' .. hex:sub(9, 12) .. '-8' .. hex:sub(14, 16) .. '-a' .. hex:sub(18, 20)
    .. '-' .. hex:sub(21, 32)
end

---- Lineage
--
-- A count goes on only while it is known that Valkey lost no event that it had acknowledged. The lineage id of a
-- namespace stands for that: it stays as long as this is known. A count remembers the lineage in which it began; in
-- another one, the channel begins another epoch.
--
-- Valkey may have lost events when another process counts (`run_id`), or when this one was a replica in between
-- (`master_replid`). The operator may declare that it has not: with durability `restart` after a restart from an
-- append-only file, with `failover` always.
--
-- Reads compute the lineage in the same way as writes, and store nothing.

-- Settings that were read before: namespace → { text, settings }. Holds as many namespaces as below, then begins again.
local known, known_count = {}, 0
local KNOWN = 1000

local function taken_apart(text)
  local found = {}
  for name, value in (text or ''):gmatch('([%w_]+)=(%S+)') do
    found[name] = value
  end
  local durable = { none = true, restart = true, failover = true }
  local settings = {
    id = found.id,
    run = found.run,
    replid = found.replid,
    events = tonumber(found.events) or HISTORY_EVENTS,
    history_ms = tonumber(found.history_ms) or HISTORY_MS,
    once_ms = tonumber(found.once_ms) or ONCE_MS,
    durability = durable[found.durability or ''] and found.durability or 'none',
  }
  settings.count_ms = math.max(settings.history_ms, VOID_MS) + DAY_MS
  settings.replid_line = 'master_replid:' .. (found.replid or '')
  return settings
end

local function settings_key(namespace)
  return namespace .. '{tidings}:settings'
end

-- What is stored for a namespace. Callers do not change it.
local function stored_settings(namespace)
  local text = redis.call('GET', settings_key(namespace))
  local before = known[namespace]
  if before and before.text == text then
    return before.settings
  end
  if not before then
    if known_count >= KNOWN then
      known, known_count = {}, 0
    end
    known_count = known_count + 1
  end
  known[namespace] = { text = text, settings = taken_apart(text) }
  return known[namespace].settings
end

-- The part of INFO that says of which lineage Valkey's own data are, as it was in this millisecond: INFO is the dearest
-- of all that publishing calls. Nobody takes part in another primary's writes and is promoted again within one.
local replication, replication_ms = nil, nil
local function replication_at(now)
  if replication_ms ~= now then
    replication, replication_ms = redis.call('INFO', 'replication'), now
  end
  return replication
end

-- What is set for a namespace, and its lineage id. Has `changed` where the id is not stored yet.
local function settings_of(namespace, now)
  local stored = stored_settings(namespace)
  if stored.id and stored.durability == 'failover' then
    return stored
  end
  local replication = replication_at(now)
  local same_run = stored.run == run_id()
  if stored.id and same_run and replication:find(stored.replid_line, 1, true) then
    return stored
  end
  local settings = {}
  for name, value in pairs(stored) do
    settings[name] = value
  end
  settings.changed, settings.run, settings.replid = true, run_id(), replication:match('master_replid:(%w+)')
  if not stored.id then
    settings.id = random_hex(namespace):sub(1, 16)
    return settings
  end
  -- A restart of the node that counted, and no promotion of another.
  local restarted = stored.durability == 'restart' and not same_run
    and replication:find('master_replid2:0000000000', 1, true)
    and redis.call('INFO', 'persistence'):find('aof_enabled:1', 1, true)
  if not restarted then
    settings.id = redis.sha1hex(stored.id .. ' ' .. settings.run .. ' ' .. settings.replid):sub(1, 16)
  end
  return settings
end

local function store(namespace, settings)
  redis.call('SET', settings_key(namespace), 'id=' .. settings.id .. ' run=' .. settings.run
    .. ' replid=' .. settings.replid .. ' events=' .. integer(settings.events)
    .. ' history_ms=' .. integer(settings.history_ms) .. ' once_ms=' .. integer(settings.once_ms)
    .. ' durability=' .. settings.durability)
end

-- Stores the lineage id, unless it is.
local function store_lineage(namespace, settings)
  if settings.changed then
    store(namespace, settings)
  end
end

-- What a count of this lineage has in its field `lineage`. The epoch is part of it because the library before
-- version 2 replaces the epoch and leaves the field.
local function tie(settings, epoch)
  return settings.id .. ' ' .. epoch:sub(1, 8)
end

-- Whether the library before version 2 has begun this epoch.
local function is_foreign(epoch, lineage)
  return not lineage or lineage:sub(-8) ~= epoch:sub(1, 8)
end

-- Whether an epoch goes on whose key has this field `lineage`. One of the library before version 2 does in the same
-- process, if that was never promoted.
local function goes_on(settings, key, epoch, lineage)
  if lineage == tie(settings, epoch) then
    return true
  end
  return is_foreign(epoch, lineage) and redis.call('HGET', key, 'run') == run_id()
    and redis.call('INFO', 'replication'):find('master_replid2:0000000000', 1, true)
end

---- Counts

-- The channel's count, or nil and, where one of the library before version 2 does not go on, its epoch.
local function count_of(channel, settings)
  local meta = channel .. ':meta'
  local found = redis.call('HMGET', meta, 'epoch', 'offset', 'lineage', 'refreshed')
  local epoch, offset, lineage = found[1], tonumber(found[2] or ''), found[3]
  if not epoch or not offset then
    return nil, nil
  end
  if not goes_on(settings, meta, epoch, lineage) then
    return nil, is_foreign(epoch, lineage) and epoch or nil
  end
  return { epoch = epoch, offset = offset, foreign = is_foreign(epoch, lineage), refreshed = tonumber(found[4] or '') }, nil
end

-- When a count that `count_of` has read began; 0 where an earlier one was given up for it, or it is not known.
local function began(channel, count)
  return not count.foreign and tonumber(redis.call('HGET', channel .. ':meta', 'began') or '') or 0
end

-- A count that begins now. `clean`: no earlier one is given up for it.
local function begin(channel, clean, now)
  redis.call('UNLINK', channel)
  return { epoch = epoch_of(random_hex(channel)), offset = 0, began = clean and now or 0 }
end

-- Writes a count down. All of it, and when it expires, only once a day.
local function keep(channel, settings, count, now, expiry)
  local meta = channel .. ':meta'
  if not count.foreign and not count.began and math.abs(now - (count.refreshed or 0)) < DAY_MS then
    redis.call('HSET', meta, 'offset', integer(count.offset))
    return
  end
  redis.call('HSET', meta, 'epoch', count.epoch, 'offset', integer(count.offset),
    'lineage', tie(settings, count.epoch), 'began', integer(count.began or began(channel, count)),
    'refreshed', expiry and 0 or integer(now), 'run', run_id())
  redis.call('PEXPIRE', meta, integer(expiry or settings.count_ms))
end

---- Void positions
--
-- A channel without a count has a void position: offset 0, and an epoch that says "nothing was published here, as
-- of time T, in keyspace K". It looks like a UUIDv7: 48 bits of T, and 74 bits of a hash of K.

-- The part of the epoch behind the time. Evictions take counts away: they make another keyspace.
local function void_tail(settings, foreign)
  local info = redis.call('INFO', 'stats', 'memory')
  local evictions = info:match('evicted_keys:(%d+)')
  -- The number of evictions begins at 0 again in another process.
  if not info:find('maxmemory_policy:noeviction', 1, true) then
    evictions = evictions .. ' ' .. run_id()
  end
  local hash = redis.sha1hex(settings.id .. ' ' .. evictions .. ' ' .. (foreign or ''))
  local variant = string.format('%x', 8 + tonumber(hash:sub(4, 4), 16) % 4)
  return '-7' .. hash:sub(1, 3) .. '-' .. variant .. hash:sub(5, 7) .. '-' .. hash:sub(8, 19)
end

local function void_epoch(now, tail)
  local time = string.format('%012x', now)
  return time:sub(1, 8) .. '-' .. time:sub(9, 12) .. tail
end

-- Whether nothing was published since this void position was handed out but what `count` has, if there is one.
local function holds(channel, epoch, tail, now, count)
  local time = tonumber(epoch:sub(1, 8) .. epoch:sub(10, 13), 16)
  return epoch:sub(14) == tail and now - time < VOID_MS and time - now < DAY_MS
    and (not count or time <= began(channel, count))
end

---- Refusals

-- An error for a key that is no channel, with what to write; nil where it is one. Also returns what is before the
-- braces.
local function namespace_of(channel)
  local namespace = channel:match('^(.+:){[^{}]+}$')
  if namespace then
    return namespace, nil
  end
  local shown = channel:sub(1, 100)
  local plain = shown:gsub('[{}]', '')
  local before, name = plain:match('^(.+:)([^:]+)$')
  return nil, redis.error_reply("ERR '" .. shown .. "' is no channel of Tidings: write the namespace, and the name of "
    .. "the channel in braces, such as '" .. (before or 'orders:') .. '{' .. (name or 'acme') .. "}'")
end

-- Whether the ACL lets the caller do this. Checked before anything is written: a step that fails halfway would leave the
-- rest behind.
local function may(...)
  return redis.acl_check_cmd(...)
end

-- An error for a caller whose ACL lacks one of these commands, each with its key.
local function denied(...)
  for _, command in ipairs({ ... }) do
    if not may(unpack(command)) then
      return redis.error_reply("NOPERM the ACL does not let this user run '" .. command[1]:lower() .. "' on '"
        .. command[2] .. "', which Tidings needs; nothing was written")
    end
  end
end

-- Whether the caller may store a lineage and remember an idempotency key, where that is needed.
local function may_set(namespace, settings, once)
  return (not settings.changed or may('SET', settings_key(namespace), '')) and (not once or may('SET', once, '', 'PX', 1))
end

-- The commands that `may_set` checks.
local function sets(namespace, once)
  return { 'SET', settings_key(namespace), '' }, once and { 'SET', once, '', 'PX', 1 } or nil
end

---- Idempotency

-- The key that remembers an idempotency key, if there is one, and the id that was published with it, if any.
local function published_before(channel, idempotency_key)
  if not idempotency_key or idempotency_key == '' then
    return nil, nil
  end
  local once = channel .. ':once:' .. idempotency_key
  return once, redis.call('GET', once)
end

-- Remembers the id before anybody hears of the event, then sends the event.
local function send(channel, epoch, offset, at, payload, once, settings)
  local id = epoch .. ':' .. offset
  if once then
    redis.call('SET', once, id, 'PX', integer(settings.once_ms))
  end
  redis.call('PUBLISH', channel, 'tidings/1 ' .. epoch .. ' ' .. offset .. ' ' .. at .. '\n' .. payload)
  return id
end

---- Log feeds

-- Adds the next event to the stream. Returns what went wrong, if anything.
local function add(channel, settings, count, at, payload)
  count.offset = count.offset + 1
  local added = redis.pcall('XADD', channel, 'MAXLEN', '~', integer(settings.events), integer(count.offset) .. '-0',
    't', at, 'p', payload)
  return type(added) == 'table' and added.err or nil
end

-- channel; payload, [idempotency key] → event id
local function publish(channel, namespace, args)
  local payload = args[1]
  if not payload then
    return redis.error_reply('ERR tidings_publish takes one key, a payload, and perhaps an idempotency key')
  end
  local once, published = published_before(channel, args[2])
  if published then
    return published
  end
  local now = now_ms()
  local settings = settings_of(namespace, now)
  local count, foreign = count_of(channel, settings)
  local meta = channel .. ':meta'
  if not (may('XADD', channel, '*', 'p', '') and may('PEXPIRE', channel, 1) and may('UNLINK', channel)
    and may('HSET', meta, 'p', '') and may('PUBLISH', channel, '') and may_set(namespace, settings, once)) then
    return denied({ 'XADD', channel, '*', 'p', '' }, { 'PEXPIRE', channel, 1 }, { 'UNLINK', channel },
      { 'HSET', meta, 'p', '' }, { 'PUBLISH', channel, '' }, sets(namespace, once))
  end
  store_lineage(namespace, settings)
  count = count or begin(channel, not foreign, now)
  local at = integer(now)
  local failed = add(channel, settings, count, at, payload)
  if failed and failed:find('equal or smaller', 1, true) then
    -- The stream is ahead of its count: a publisher failed halfway, with the library before version 2.
    count = begin(channel, false, now)
    failed = add(channel, settings, count, at, payload)
  end
  if failed then
    return redis.error_reply(failed)
  end
  redis.call('PEXPIRE', channel, integer(settings.history_ms))
  keep(channel, settings, count, now)
  return send(channel, count.epoch, integer(count.offset), at, payload, once, settings)
end

-- The events after an offset, up to the newest: { { offset, published at, payload }, … }. Ends when their payloads have
-- used up the budget, overrun by about one payload.
local function events_after(channel, after, newest, budget)
  local events, size = {}, 1
  budget = math.min(budget, READ_BYTES)
  while after < newest and budget > 0 and #events < READ_EVENTS do
    local group =
      redis.call('XRANGE', channel, integer(after + 1) .. '-0', integer(newest) .. '-0', 'COUNT', size)
    if #group == 0 then
      break
    end
    local before = budget
    for _, entry in ipairs(group) do
      local number = entry[1]:match('^%d+')
      local fields = entry[2]
      events[#events + 1] = { number, fields[2], fields[4] }
      budget = budget - #fields[4]
      after = tonumber(number)
    end
    -- As many more as fit, if they are as large as these.
    local average = math.max((before - budget) / #group, 1)
    size = math.min(math.max(math.floor(budget / average), 1), size * 4, GROUP)
  end
  return events
end

-- channels → { epoch, offset, epoch, offset, … }: where they stand
local function stand(keys)
  if #keys > POSITIONS_AT_ONCE then
    return redis.error_reply('ERR tidings_positions takes ' .. POSITIONS_AT_ONCE .. ' channels at most')
  end
  local spaces, now, answer = {}, now_ms(), {}
  for _, channel in ipairs(keys) do
    local namespace, refusal = namespace_of(channel)
    if refusal then
      return refusal
    end
    local space = spaces[namespace] or { settings = settings_of(namespace, now) }
    spaces[namespace] = space
    local count, foreign = count_of(channel, space.settings)
    if count then
      answer[#answer + 1], answer[#answer + 2] = count.epoch, count.offset
    else
      local void
      if foreign then
        void = void_epoch(now, void_tail(space.settings, foreign))
      else
        space.void = space.void or void_epoch(now, void_tail(space.settings))
        void = space.void
      end
      answer[#answer + 1], answer[#answer + 2] = void, 0
    end
  end
  return answer
end

-- channel; epoch, offset, budget in bytes → { epoch, offset, after, { { offset, published at, payload }, … } }
--
-- The first two are the channel's position. `after` is the offset of that epoch which the given position equals, or nil
-- where it belongs to another; then there are no events.
local function read(channel, namespace, args)
  local epoch, offset, budget = args[1], tonumber(args[2] or ''), tonumber(args[3] or '')
  if not epoch or not offset or not budget then
    return redis.error_reply('ERR tidings_read takes one key, an epoch, an offset, and a budget in bytes')
  end
  local now = now_ms()
  local settings = settings_of(namespace, now)
  local count, foreign = count_of(channel, settings)
  local after = nil
  local from_void = #epoch == 36 and epoch:sub(15, 15) == '7' and offset == 0
  local tail = (from_void or not count) and void_tail(settings, foreign)
  if from_void then
    after = holds(channel, epoch, tail, now, count) and 0 or nil
  elseif count and epoch == count.epoch then
    after = offset
  end
  if not count then
    return { void_epoch(now, tail), 0, after or false, {} }
  end
  local events = after and events_after(channel, after, count.offset, budget) or {}
  return { count.epoch, count.offset, after or false, events }
end

-- channel; epoch, offset → 1 if the channel began another epoch, else 0
--
-- For a caller that has seen this position: where the channel's is before it in the same epoch, Valkey came back with
-- an older state, although it was declared durable. Then the count must not go on as if nothing had happened.
local function renew(channel, namespace, args)
  local seen = tonumber(args[2] or '')
  if not args[1] or not seen then
    return redis.error_reply('ERR tidings_renew takes one key, an epoch, and an offset')
  end
  local now = now_ms()
  local settings = settings_of(namespace, now)
  local count = count_of(channel, settings)
  if not count or count.epoch ~= args[1] or count.offset >= seen then
    return 0
  end
  local meta = channel .. ':meta'
  local refusal = denied({ 'UNLINK', channel }, { 'HSET', meta, 'p', '' }, { 'PEXPIRE', meta, 1 }, sets(namespace))
  if refusal then
    return refusal
  end
  store_lineage(namespace, settings)
  keep(channel, settings, begin(channel, false, now), now)
  return 1
end

-- channel; after, budget in bytes, [epoch, offset that the caller has seen] →
--   { epoch, offset, { { offset, published at, payload }, … } }
--
-- What replicas before version 2 of this library call, so that they go on working during a rolling upgrade. They know no
-- void positions: a channel without a count begins one.
local function history(channel, namespace, args)
  local after, budget = tonumber(args[1] or ''), tonumber(args[2] or '')
  if not after or not budget then
    return redis.error_reply('ERR tidings_history takes one key, an offset, and a budget in bytes')
  end
  if args[3] then
    renew(channel, namespace, { args[3], args[4] })
  end
  local now = now_ms()
  local settings = settings_of(namespace, now)
  local count, foreign = count_of(channel, settings)
  if not count then
    store_lineage(namespace, settings)
    count = begin(channel, not foreign, now)
    keep(channel, settings, count, now, settings.history_ms)
  elseif count.offset == 0 then
    redis.call('PEXPIRE', channel .. ':meta', integer(settings.history_ms))
  end
  local events = after >= 0 and events_after(channel, after, count.offset, budget) or {}
  return { count.epoch, integer(count.offset), events }
end

---- State feeds

-- channel; payload, retention in ms, [idempotency key] → id of this value
--
-- Keeps the payload as the newest value of a State feed, and sends it. Versions count within an epoch, as offsets do.
local function set(channel, namespace, args)
  local payload, retention = args[1], tonumber(args[2] or '')
  if not payload or not retention or retention < 1 or retention > LONGEST_MS then
    return redis.error_reply('ERR tidings_set takes one key, a payload, a retention in ms, and perhaps an idempotency key')
  end
  local once, published = published_before(channel, args[3])
  if published then
    return published
  end
  local now = now_ms()
  local settings = settings_of(namespace, now)
  local newest = channel .. ':newest'
  local found = redis.call('HMGET', newest, 'epoch', 'version', 'lineage')
  local epoch, version = found[1], tonumber(found[2] or '')
  if not epoch or not version or not goes_on(settings, newest, epoch, found[3]) then
    epoch, version = epoch_of(random_hex(channel)), 0
  end
  if not (may('HSET', newest, 'p', '') and may('PEXPIRE', newest, 1) and may('PUBLISH', channel, '')
    and may_set(namespace, settings, once)) then
    return denied({ 'HSET', newest, 'p', '' }, { 'PEXPIRE', newest, 1 }, { 'PUBLISH', channel, '' },
      sets(namespace, once))
  end
  store_lineage(namespace, settings)
  local at = integer(now)
  version = integer(version + 1)
  redis.call('HSET', newest, 'epoch', epoch, 'version', version, 'lineage', tie(settings, epoch), 'run', run_id(),
    't', at, 'p', payload)
  redis.call('PEXPIRE', newest, integer(retention))
  return send(channel, epoch, version, at, payload, once, settings)
end

-- channel → { epoch, version, published at, payload, expires in ms } of the newest value, or {} where none is kept
local function newest(channel, namespace, args)
  local key = channel .. ':newest'
  local found = redis.call('HMGET', key, 'epoch', 'version', 't', 'p', 'lineage')
  if not found[4] then
    return {}
  end
  local settings = settings_of(namespace, now_ms())
  if not goes_on(settings, key, found[1], found[5]) then
    -- Newer values may have been lost. Those who have seen them must take this one, although its version is older.
    found[1] = epoch_of(redis.sha1hex(settings.id .. ' ' .. found[1]))
  end
  return { found[1], found[2], found[3], found[4], math.max(redis.call('PTTL', key), 0) }
end

---- Members feeds

-- The elements of a Members feed's members that have not expired, as one JSON array, in the order of their names.
local function live_members(channel, now)
  local all = redis.call('HGETALL', channel .. ':members')
  local live, expired = {}, {}
  for i = 1, #all, 2 do
    local expires, element = all[i + 1]:match('^(%d+) (.*)$')
    -- Skips values that `tidings_report` did not write.
    if expires and tonumber(expires) > now then
      live[#live + 1] = { all[i], element }
    else
      expired[#expired + 1] = all[i]
    end
  end
  table.sort(live, function(a, b) return a[1] < b[1] end)
  local elements = {}
  for i, member in ipairs(live) do
    elements[i] = member[2]
  end
  return '[' .. table.concat(elements, ',') .. ']', expired
end

-- channel; member, element as JSON (empty: the member leaves), time to live in ms → bytes of the list
local function report(channel, namespace, args)
  local ttl = tonumber(args[3] or '')
  if not ttl or ttl < 1 or ttl > LONGEST_MS then
    return redis.error_reply('ERR tidings_report takes one key, a member, its element, and a time to live in ms')
  end
  local key = channel .. ':members'
  local now = now_ms()
  local refusal = denied({ 'HSET', key, '', '' }, { 'HDEL', key, '' }, { 'PEXPIRE', key, 1 }, { 'HGETALL', key },
    { 'PUBLISH', channel, '' })
  if refusal then
    return refusal
  end
  if args[2] == '' then
    redis.call('HDEL', key, args[1])
  else
    redis.call('HSET', key, args[1], integer(now + ttl) .. ' ' .. args[2])
    redis.call('PEXPIRE', key, integer(ttl))
  end
  local elements, expired = live_members(channel, now)
  -- In parts: `unpack` has a limit.
  for first = 1, #expired, 1000 do
    local last = math.min(first + 999, #expired)
    redis.call('HDEL', key, unpack(expired, first, last))
  end
  redis.call('PUBLISH', channel, elements)
  return #elements
end

-- channel → the elements as one JSON array
local function members(channel, namespace, args)
  local elements = live_members(channel, now_ms())
  return elements
end

---- Settings

-- settings keys; events, history in ms, idempotency in ms, durability → 'OK'
--
-- Sets what holds for these namespaces, and makes sure that they have a lineage. Replicas call it when they connect.
local function configure(keys, args)
  local events, history_ms, once_ms = tonumber(args[1] or ''), tonumber(args[2] or ''), tonumber(args[3] or '')
  local durability = args[4]
  local function valid(number, most)
    return number and number >= 1 and number <= most
  end
  if not valid(events, 4294967295) or not valid(history_ms, LONGEST_MS) or not valid(once_ms, LONGEST_MS)
    or not ({ none = true, restart = true, failover = true })[durability or ''] then
    return redis.error_reply('ERR tidings_configure takes settings keys, events, two times in ms, and a durability')
  end
  for _, key in ipairs(keys) do
    local namespace = key:match('^(.+:){tidings}:settings$')
    if not namespace then
      return redis.error_reply("ERR '" .. key:sub(1, 100) .. "' is no settings key")
    end
    -- The lineage by the durability that was declared so far: what happened, happened under that.
    local id = settings_of(namespace, now_ms()).id
    local replid = redis.call('INFO', 'replication'):match('master_replid:(%w+)')
    store(namespace, { id = id, run = run_id(), replid = replid, events = events, history_ms = history_ms,
      once_ms = once_ms, durability = durability })
  end
  return redis.status_reply('OK')
end

-- settings keys → { events, history in ms, idempotency in ms, durability } for each, or {} where nothing is set
local function settings(keys, args)
  local answer = {}
  for i, key in ipairs(keys) do
    local found = taken_apart(redis.call('GET', key))
    answer[i] = found.id and { found.events, found.history_ms, found.once_ms, found.durability } or {}
  end
  return answer
end

local function version()
  return VERSION
end

-- Registers a function of one channel.
local function register(name, callback, flags)
  redis.register_function{
    function_name = name,
    flags = flags,
    callback = function(keys, args)
      if #keys ~= 1 then
        return redis.error_reply('ERR ' .. name .. ' takes one key')
      end
      local namespace, refusal = namespace_of(keys[1])
      return refusal or callback(keys[1], namespace, args)
    end,
  }
end

register('tidings_publish', publish, {})
register('tidings_set', set, {})
register('tidings_report', report, {})
register('tidings_newest', newest, { 'no-writes' })
register('tidings_members', members, { 'no-writes' })
register('tidings_read', read, { 'no-writes' })
-- These write next to nothing, or make room: they go on when Valkey is full.
register('tidings_renew', renew, { 'allow-oom' })
register('tidings_history', history, { 'allow-oom' })
redis.register_function{ function_name = 'tidings_configure', callback = configure, flags = { 'allow-oom' } }
redis.register_function{ function_name = 'tidings_positions', callback = stand, flags = { 'no-writes' } }
redis.register_function{ function_name = 'tidings_settings', callback = settings, flags = { 'no-writes' } }
redis.register_function{ function_name = 'tidings_version', callback = version, flags = { 'no-writes' } }
