using System.Net;
using System.Net.Sockets;
using System.Text;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Tests.Streams.Sessions;

public sealed class StreamListenerTests
{
    private const int Dialer = 2;
    private const int Place = 1;

    [Fact]
    public async Task Accept_GarbageAndAThousandHalfOpen_StillTakesTheExpectedBoard()
    {
        using StreamListener listener = MadeSessions.Listen();
        StreamSession session = MadeSessions.Session();
        using StreamExpectation expectation = listener.Expect(session, Place, [Dialer]);
        List<Socket> strangers = [];
        for (int i = 0; i < 1000; i++)
        {
            strangers.Add(MadeSessions.Connect(listener));
        }

        strangers.Add(MadeSessions.Connect(listener));
        strangers[^1].Send(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"));
        Socket dialer = MadeSessions.Connect(listener);
        strangers.Add(dialer);
        Greet(dialer, session, 1);
        Assert.NotNull((await expectation.LinkFrom(Dialer)).Keys);
        await Count(listener, StreamRefusal.Garbage, 1);
        Assert.True(listener.Refused(StreamRefusal.TooMany) >= 1000 - StreamListener.MaxPending, "Too many handshakes are under way.");
        MadeSessions.Dispose(strangers);
    }

    [Fact]
    public async Task Accept_HandshakeNotThroughInTime_DropsTheConnection()
    {
        VirtualTime time = new();
        using StreamListener listener = MadeSessions.Listen(time);
        using Socket silent = MadeSessions.Connect(listener);
        await Eventually.True(() => Task.FromResult(time.TimerCount == 1), "the deadline of the connection");
        time.Advance(TimeSpan.FromSeconds(4.9));
        using Socket later = MadeSessions.Connect(listener);
        await Eventually.True(() => Task.FromResult(time.TimerCount == 2), "the deadline of the second connection");
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Empty(MadeSessions.Read(silent, 1));
        await Count(listener, StreamRefusal.TooSlow, 1);
        Assert.False(later.Poll(0, SelectMode.SelectRead));
    }

    [Fact]
    public void Accept_UnknownSession_SaysThatItIsNotExpected()
    {
        using StreamListener listener = MadeSessions.Listen();
        AssertRefused(listener, new DialerHandshake(MadeSessions.Session(), Dialer, Place, MadeSessions.Nonce(1)).Hello, StreamRefusal.NotExpected);
    }

    [Fact]
    public void Accept_AnotherVersion_AnswersWithItsOwn()
    {
        using StreamListener listener = MadeSessions.Listen();
        byte[] hello = new byte[200]; // a longer one than this version's
        HandshakeFormat.WritePreface(hello, HandshakeKind.Hello, 1, version: 9);
        AssertRefused(listener, hello, StreamRefusal.WrongVersion);
    }

    [Fact]
    public async Task Accept_AnyByteOfTheHelloOrConfirmAltered_DeliversNothing()
    {
        using StreamListener listener = MadeSessions.Listen();
        StreamSession session = MadeSessions.Session();
        using StreamExpectation expectation = listener.Expect(session, Place, [Dialer]);
        for (int at = 0; at < HandshakeFormat.HelloBytes + HandshakeFormat.MacBytes; at++)
        {
            using Socket dialer = MadeSessions.Connect(listener);
            Greet(dialer, session, (byte)at, alter: at);
            Assert.Empty(MadeSessions.Read(dialer, 1));
        }

        Assert.False(expectation.LinkFrom(Dialer).IsCompleted);
        using Socket good = MadeSessions.Connect(listener);
        Greet(good, session, 200);
        await expectation.LinkFrom(Dialer);
    }

    [Fact]
    public async Task Accept_RecordedBytesOfAnEarlierLink_AreRefused()
    {
        StreamSession session = MadeSessions.Session();
        byte[] confirm;
        using (StreamListener first = MadeSessions.Listen())
        using (StreamExpectation expectation = first.Expect(session, Place, [Dialer]))
        using (Socket dialer = MadeSessions.Connect(first))
        {
            confirm = Greet(dialer, session, 1);
            await expectation.LinkFrom(Dialer);
        }

        using StreamListener listener = MadeSessions.Listen();
        using StreamExpectation again = listener.Expect(session, Place, [Dialer]);
        using Socket replay = MadeSessions.Connect(listener);
        replay.Send(new DialerHandshake(session, Dialer, Place, MadeSessions.Nonce(1)).Hello);
        Assert.Equal(HandshakeFormat.AnswerBytes, MadeSessions.Read(replay, HandshakeFormat.AnswerBytes).Length);
        replay.Send(confirm);
        Assert.Empty(MadeSessions.Read(replay, 1));
        await Count(listener, StreamRefusal.WrongKey, 1);
        Assert.False(again.LinkFrom(Dialer).IsCompleted);
    }

    [Fact]
    public async Task Accept_SecondLinkOfAPair_IsRefusedEvenAfterTheFirstHasEnded()
    {
        using StreamListener listener = MadeSessions.Listen();
        StreamSession session = MadeSessions.Session();
        using StreamExpectation expectation = listener.Expect(session, Place, [Dialer]);
        using (Socket first = MadeSessions.Connect(listener))
        {
            Greet(first, session, 1);
            (await expectation.LinkFrom(Dialer)).Dispose();
        }

        AssertRefused(listener, new DialerHandshake(session, Dialer, Place, MadeSessions.Nonce(2)).Hello, StreamRefusal.SecondLink);
    }

    [Fact]
    public void Expect_SameSessionTwice_Throws()
    {
        using StreamListener listener = MadeSessions.Listen();
        using StreamExpectation expectation = listener.Expect(MadeSessions.Session(), Place, [Dialer]);
        Assert.Throws<InvalidOperationException>(() => listener.Expect(MadeSessions.Session(), Place, [Dialer]));
    }

    [Fact]
    public async Task Dispose_OfAnExpectation_ClosesWhatWasDeliveredAndRefusesTheSession()
    {
        using StreamListener listener = MadeSessions.Listen();
        StreamSession session = MadeSessions.Session();
        using Socket dialer = MadeSessions.Connect(listener);
        using (StreamExpectation expectation = listener.Expect(session, Place, [Dialer]))
        {
            Greet(dialer, session, 1);
            await expectation.LinkFrom(Dialer);
        }

        Assert.Empty(MadeSessions.Read(dialer, 1));
        AssertRefused(listener, new DialerHandshake(session, Dialer, Place, MadeSessions.Nonce(2)).Hello, StreamRefusal.NotExpected);
    }

    [Fact]
    public void Bind_AnyIpv6Address_TakesBothKinds()
    {
        if (!Socket.OSSupportsIPv6)
        {
            return;
        }

        using StreamListener listener = new(new IPEndPoint(IPAddress.IPv6Any, 0));
        foreach (IPAddress address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            using Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
            socket.Connect(address, listener.EndPoint.Port);
            socket.Send(new byte[HandshakeFormat.PrefaceBytes]);
            Assert.Empty(MadeSessions.Read(socket, 1));
        }
    }

    private static void AssertRefused(StreamListener listener, ReadOnlySpan<byte> hello, StreamRefusal reason)
    {
        using Socket dialer = MadeSessions.Connect(listener);
        dialer.Send(hello);
        byte[] answer = MadeSessions.Read(dialer, HandshakeFormat.AnswerBytes);
        Assert.Equal(HandshakeFormat.PrefaceBytes, answer.Length);
        Assert.True(HandshakeFormat.TryReadPreface(answer, out HandshakePreface preface));
        Assert.Equal(new HandshakePreface(HandshakeFormat.Version, HandshakeKind.Refused, (byte)reason), preface);
        Assert.Equal(1, listener.Refused(reason));
    }

    // The dialer's side by hand; alter is a position in hello and confirm together. Returns the confirm.
    private static byte[] Greet(Socket socket, StreamSession session, byte nonce, int alter = -1)
    {
        DialerHandshake handshake = new(session, Dialer, Place, MadeSessions.Nonce(nonce));
        byte[] hello = handshake.Hello.ToArray();
        byte[] confirm = new byte[HandshakeFormat.MacBytes];
        if (alter >= 0 && alter < hello.Length)
        {
            hello[alter] ^= 0x10;
        }

        socket.Send(hello);
        byte[] answer = MadeSessions.Read(socket, HandshakeFormat.AnswerBytes);
        if (answer.Length == HandshakeFormat.AnswerBytes)
        {
            handshake.TryAnswer(answer, confirm, out _);
            confirm[Math.Max(0, alter - hello.Length)] ^= (byte)(alter >= hello.Length ? 0x10 : 0);
            socket.Send(confirm);
        }

        return confirm;
    }

    private static Task Count(StreamListener listener, StreamRefusal reason, long count) =>
        Eventually.True(() => Task.FromResult(listener.Refused(reason) == count), $"{count} connections refused as {reason}, {listener.Refused(reason)} are");
}
