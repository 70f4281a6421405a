using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using Halo.Lab.Model;

namespace Halo.Lab.Net;

/// <summary>
/// Joins the TUN devices: one thread, at real-time priority where that is allowed, reads what boards send, asks the model for its fate, and writes it to
/// the receiver's device when its time has come.
/// </summary>
internal sealed class Router : IDisposable
{
    private const int Slots = 16 * 1024; // 32 MB: more than 18 ms of a gigabit a second
    private const int ReadsAtOnce = 32; // of one device, so that none starves the others
    private const int Priority = 50; // of 1 to 99
    private const long LongestSleep = 100_000_000; // ns

    private readonly TunDevice[] _devices; // by board
    private readonly NetworkModel _model;
    private readonly Native.PollEntry[] _polled; // the devices, then the event that wakes the router for changes
    private readonly PacketPool _pool = new(Slots);
    private readonly PacketHeap _heap = new(2 * Slots);
    private readonly Delivery[] _deliveries;
    private readonly ConcurrentQueue<Action<NetworkModel, long>> _changes = new();
    private readonly int _event;
    private readonly Thread _thread;
    private volatile bool _isStopping;

    internal Router(IReadOnlyList<TunDevice> devices, NetworkModel model)
    {
        _devices = [.. devices];
        _model = model;
        _deliveries = new Delivery[2 * devices.Count];
        _event = Native.MakeEvent(0, Native.NonBlocking | Native.CloseOnExec);
        if (_event < 0)
        {
            throw new LabException($"The router cannot be woken: {Native.LastError}.");
        }

        _polled = [.. devices.Select(device => device.Descriptor).Append(_event).Select(
            descriptor => new Native.PollEntry { Descriptor = descriptor, Wanted = Native.Readable })];
        _thread = new Thread(Run) { Name = "lab router", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Packets that found no slot: the router was too slow for what was sent.</summary>
    internal long Overflows { get; private set; }

    /// <summary>Whether the thread got real-time priority; null until it has tried.</summary>
    internal bool? IsRealTime { get; private set; }

    /// <summary>Has the router's thread change the model, between two packets. Returns when that is done.</summary>
    /// <param name="change">Gets the model and the time.</param>
    /// <exception cref="ArgumentException">What the change threw.</exception>
    internal async Task ChangeAsync(Action<NetworkModel, long> change)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _changes.Enqueue((model, now) =>
        {
            try
            {
                change(model, now);
                done.SetResult();
            }
            catch (Exception fault)
            {
                done.SetException(fault);
            }
        });
        Wake();
        await done.Task;
    }

    public void Dispose()
    {
        _isStopping = true;
        Wake();
        _thread.Join();
        _ = Native.Close(_event);
    }

    private void Wake() => _ = Native.Write(_event, BitConverter.GetBytes(1L), sizeof(long));

    private void Run()
    {
        IsRealTime = Native.Schedule(0, Native.RoundRobin, Priority) == 0;
        Span<byte> count = stackalloc byte[sizeof(long)];
        while (!_isStopping)
        {
            Deliver();
            long sleep = Math.Clamp(_heap.NextTime - Stopwatch.GetTimestamp(), 0, LongestSleep);
            if (Native.Poll(_polled, (nuint)_polled.Length, new Native.Duration(sleep), 0) <= 0)
            {
                continue;
            }

            for (int board = 0; board < _devices.Length; board++)
            {
                if (_polled[board].Found != 0)
                {
                    Drain(board);
                }
            }

            if (_polled[^1].Found != 0)
            {
                _ = Native.Read(_event, count, count.Length);
                while (_changes.TryDequeue(out Action<NetworkModel, long>? change))
                {
                    change(_model, Stopwatch.GetTimestamp());
                }
            }
        }
    }

    private void Deliver()
    {
        while (_heap.NextTime <= Stopwatch.GetTimestamp())
        {
            (int slot, int to) = _heap.Pop();
            ReadOnlySpan<byte> packet = _pool.Packet(slot);
            _ = Native.Write(_devices[to].Descriptor, packet, packet.Length);
            _pool.Release(slot);
        }
    }

    private void Drain(int from)
    {
        for (int i = 0; i < ReadsAtOnce; i++)
        {
            if (_pool.FreeCount == 0)
            {
                Overflows++;
                return;
            }

            int slot = _pool.Peek();
            Span<byte> room = _pool.Room(slot);
            int length = (int)Native.Read(_devices[from].Descriptor, room, room.Length);
            if (length <= 0)
            {
                return;
            }

            Accept(from, slot, room[..length]);
        }
    }

    private void Accept(int from, int slot, ReadOnlySpan<byte> packet)
    {
        int to = Addressing.ReceiverOf(packet, _devices.Length);
        if (to == Addressing.Nobody || to == from)
        {
            return;
        }

        int arrivals = _model.Route(Stopwatch.GetTimestamp(), from, to, packet.Length, _deliveries);
        if (arrivals == 0)
        {
            return;
        }

        _pool.Hold(slot, packet.Length, arrivals);
        for (int i = 0; i < arrivals; i++)
        {
            _heap.Push(_deliveries[i].Time, slot, _deliveries[i].To);
        }
    }
}

/// <summary>Who an IPv4 packet is for: board n has the address 10.77.0.n.</summary>
internal static class Addressing
{
    /// <summary>No board: a packet of another protocol, or to a stranger.</summary>
    internal const int Nobody = -2;

    private const int HeaderBytes = 20;
    private const int ReceiverOffset = 16;
    private const uint Network = 0x0A4D0000; // 10.77.0.0/24

    /// <summary>The receiving board, from 0, <see cref="NetworkModel.Everyone"/> or <see cref="Nobody"/>.</summary>
    internal static int ReceiverOf(ReadOnlySpan<byte> packet, int boards)
    {
        if (packet.Length < HeaderBytes || packet[0] >> 4 != 4)
        {
            return Nobody;
        }

        uint address = BinaryPrimitives.ReadUInt32BigEndian(packet[ReceiverOffset..]);
        if (address >> 28 == 0xE || address is uint.MaxValue or (Network | 255))
        {
            return NetworkModel.Everyone;
        }

        uint number = address - Network;
        return number >= 1 && number <= boards ? (int)number - 1 : Nobody;
    }
}
