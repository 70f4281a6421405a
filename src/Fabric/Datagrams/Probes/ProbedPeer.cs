using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Datagrams.Probes;

/// <summary>
/// One other board while boards try to reach each other with datagrams. Over the stream each end tells, sealed, first its UDP port (u16, little endian),
/// and then whether a probe of the other came (u8). After that the stream carries nothing.
/// </summary>
internal sealed class ProbedPeer : IDisposable
{
    private const int PortBytes = sizeof(ushort);

    private readonly StreamConnection _connection;
    private readonly string _name;
    private readonly DatagramKeys _keys;
    private readonly FrameCipher _toStream;
    private readonly FrameCipher _fromStream;
    private readonly AeadCipher _sealer;
    private readonly AeadCipher _opener;
    private readonly byte[] _incoming = new byte[PortBytes + FrameCipher.TagBytes];
    private int _came;
    private ulong _number;

    /// <param name="place">The board's place.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="connection">The stream to it; not owned.</param>
    internal ProbedPeer(int place, string name, StreamConnection connection)
    {
        Place = place;
        _name = name;
        _connection = connection;
        LinkKeys link = connection.Keys!;
        _keys = DatagramKeys.OfProbes(link);
        _toStream = new FrameCipher(link.Cipher, link.Send);
        _fromStream = new FrameCipher(link.Cipher, link.Receive);
        _sealer = new AeadCipher(link.Cipher, _keys.Send.Key);
        _opener = new AeadCipher(link.Cipher, _keys.Receive.Key);
        connection.Socket.Blocking = true;
    }

    internal int Place { get; }

    internal Socket Stream => _connection.Socket;

    /// <summary>Its UDP port; 0 before it told.</summary>
    internal int Port { get; private set; }

    /// <summary>Where its datagrams come from and go to, with <see cref="Port"/>: the address of the stream; null before it told its port.</summary>
    internal IPAddress? Address { get; private set; }

    /// <summary>Whether a probe of it came: told to it; null while that is not known.</summary>
    internal bool? Comes { get; private set; }

    /// <summary>Whether a probe came to it, as it told; null before.</summary>
    internal bool? Goes { get; private set; }

    /// <summary>Whether both ends know what there is to know.</summary>
    internal bool IsSettled => Comes is not null && Goes is not null;

    /// <summary>Tells this board's port.</summary>
    internal void TellPort(int port)
    {
        Span<byte> bytes = stackalloc byte[PortBytes];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)port);
        Tell(bytes);
    }

    /// <summary>Tells whether a probe of it came; the first word counts.</summary>
    internal void TellComes(bool comes)
    {
        if (Comes is null)
        {
            Comes = comes;
            Tell([comes ? (byte)1 : (byte)0]);
        }
    }

    /// <summary>Writes the next probe to it.</summary>
    internal void WriteProbe(byte[] probe, int sender) => ProbeFormat.Write(probe, sender, _keys.Send.Id, ++_number, _sealer);

    /// <summary>Whether a probe is its; the bytes are overwritten.</summary>
    internal bool Sealed(Span<byte> probe) => ProbeFormat.IsSealed(probe, _keys.Receive.Id, _opener);

    /// <summary>Takes what came on the stream, where something did.</summary>
    /// <exception cref="StreamConnectException">The stream has ended, or brought what does not belong on it.</exception>
    internal void Hear()
    {
        int length = (Port == 0 ? PortBytes : 1) + FrameCipher.TagBytes;
        try
        {
            int count = Stream.Receive(_incoming.AsSpan(_came, length - _came));
            _came += count > 0 ? count : throw new SocketException((int)SocketError.ConnectionReset);
            Address ??= ((IPEndPoint)Stream.RemoteEndPoint!).Address;
        }
        catch (SocketException fault)
        {
            throw Silent(fault.Message, fault);
        }

        if (_came < length)
        {
            return;
        }

        _came = 0;
        if (!_fromStream.TryOpen([], _incoming.AsSpan(0, length)))
        {
            throw new StreamConnectException(Place, $"Board {_name} told no port for datagrams: what it sent did not open. Run the same version on all boards.");
        }

        if (Port == 0)
        {
            Port = BinaryPrimitives.ReadUInt16LittleEndian(_incoming);
        }
        else
        {
            Goes = _incoming[0] != 0;
        }
    }

    /// <summary>It said nothing, or nothing more.</summary>
    internal StreamConnectException Silent(string reason, Exception? inner = null) => new(
        Place,
        $"Board {_name} did not tell {(Port == 0 ? "its port for datagrams" : "whether datagrams reach it")}: {reason}. Check that it runs, with the same version.",
        inner);

    public void Dispose()
    {
        _toStream.Dispose();
        _fromStream.Dispose();
        _sealer.Dispose();
        _opener.Dispose();
    }

    // Few bytes on a new connection: the system takes them at once. A broken connection shows when the answer is read.
    private void Tell(ReadOnlySpan<byte> clear)
    {
        Span<byte> bytes = stackalloc byte[PortBytes + FrameCipher.TagBytes];
        bytes = bytes[..(clear.Length + FrameCipher.TagBytes)];
        _toStream.Seal([], clear, bytes);
        Stream.Send(bytes, SocketFlags.None, out _);
    }
}
