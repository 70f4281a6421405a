using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Tests.Streams.Sessions;

public sealed class HandshakeTests
{
    [Fact]
    public void Handshake_SameSecret_GivesBothEndsTheSameKeysCrosswise()
    {
        StreamSession session = MadeSessions.Session();
        DialerHandshake dialer = new(session, 2, 1, MadeSessions.Nonce(1));
        AcceptorHandshake acceptor = new(session, dialer.Hello, MadeSessions.Nonce(2));
        byte[] confirm = new byte[HandshakeFormat.MacBytes];
        Assert.True(dialer.TryAnswer(acceptor.Answer, confirm, out LinkKeys? ours));
        Assert.True(acceptor.TryConfirm(confirm, out LinkKeys? theirs));
        Assert.Equal(ours.Send, theirs.Receive);
        Assert.Equal(ours.Receive, theirs.Send);
        Assert.NotEqual(ours.Send, ours.Receive);
    }

    [Theory]
    [InlineData(3, 2)]
    [InlineData(1, 3)]
    public void Handshake_AnotherNonce_GivesOtherKeys(byte dialerNonce, byte acceptorNonce)
    {
        (LinkKeys first, _) = Through(MadeSessions.Session(), 1, 2);
        (LinkKeys second, _) = Through(MadeSessions.Session(), dialerNonce, acceptorNonce);
        Assert.NotEqual(first.Send, second.Send);
        Assert.NotEqual(first.Receive, second.Receive);
    }

    [Fact]
    public void TryAnswer_AcceptorWithAnotherSecret_Refuses()
    {
        DialerHandshake dialer = new(MadeSessions.Session(1), 2, 1, MadeSessions.Nonce(1));
        AcceptorHandshake acceptor = new(MadeSessions.Session(2), dialer.Hello, MadeSessions.Nonce(2));
        Assert.False(dialer.TryAnswer(acceptor.Answer, new byte[HandshakeFormat.MacBytes], out _));
    }

    [Fact]
    public void TryConfirm_DialerWithAnotherSecret_Refuses()
    {
        DialerHandshake dialer = new(MadeSessions.Session(2), 2, 1, MadeSessions.Nonce(1));
        AcceptorHandshake knows = new(MadeSessions.Session(2), dialer.Hello, MadeSessions.Nonce(2));
        AcceptorHandshake acceptor = new(MadeSessions.Session(1), dialer.Hello, MadeSessions.Nonce(2));
        byte[] confirm = new byte[HandshakeFormat.MacBytes];
        Assert.True(dialer.TryAnswer(knows.Answer, confirm, out _));
        Assert.False(acceptor.TryConfirm(confirm, out _));
    }

    [Fact]
    public void TryConfirm_RecordedHelloAndConfirm_Refuses()
    {
        StreamSession session = MadeSessions.Session();
        (_, byte[] confirm) = Through(session, 1, 2);
        AcceptorHandshake again = new(session, new DialerHandshake(session, 2, 1, MadeSessions.Nonce(1)).Hello, MadeSessions.Nonce(3));
        Assert.False(again.TryConfirm(confirm, out _));
    }

    [Fact]
    public void TryAnswer_RecordedAnswer_Refuses()
    {
        StreamSession session = MadeSessions.Session();
        AcceptorHandshake recorded = new(session, new DialerHandshake(session, 2, 1, MadeSessions.Nonce(1)).Hello, MadeSessions.Nonce(2));
        DialerHandshake dialer = new(session, 2, 1, MadeSessions.Nonce(3));
        Assert.False(dialer.TryAnswer(recorded.Answer, new byte[HandshakeFormat.MacBytes], out _));
    }

    [Fact]
    public void TryAnswer_AnyByteOfHelloOrAnswerAltered_Refuses()
    {
        StreamSession session = MadeSessions.Session();
        DialerHandshake dialer = new(session, 2, 1, MadeSessions.Nonce(1));
        byte[] confirm = new byte[HandshakeFormat.MacBytes];
        for (int at = 0; at < HandshakeFormat.HelloBytes; at++)
        {
            AcceptorHandshake acceptor = new(session, Altered(dialer.Hello, at), MadeSessions.Nonce(2));
            Assert.False(dialer.TryAnswer(acceptor.Answer, confirm, out _), $"Hello, byte {at}.");
        }

        byte[] answer = new AcceptorHandshake(session, dialer.Hello, MadeSessions.Nonce(2)).Answer.ToArray();
        Assert.True(dialer.TryAnswer(answer, confirm, out _));
        for (int at = 0; at < answer.Length; at++)
        {
            Assert.False(dialer.TryAnswer(Altered(answer, at), confirm, out _), $"Answer, byte {at}.");
        }
    }

    [Fact]
    public void TryConfirm_AnyByteAltered_Refuses()
    {
        StreamSession session = MadeSessions.Session();
        DialerHandshake dialer = new(session, 2, 1, MadeSessions.Nonce(1));
        AcceptorHandshake acceptor = new(session, dialer.Hello, MadeSessions.Nonce(2));
        byte[] confirm = new byte[HandshakeFormat.MacBytes];
        Assert.True(dialer.TryAnswer(acceptor.Answer, confirm, out _));
        for (int at = 0; at < confirm.Length; at++)
        {
            Assert.False(acceptor.TryConfirm(Altered(confirm, at), out _), $"Confirm, byte {at}.");
        }
    }

    [Fact]
    public void StreamSession_SecretOfAnotherLength_Throws() =>
        Assert.Throws<ArgumentException>(() => new StreamSession(Guid.NewGuid(), new byte[31], FrameCipherKind.AesGcm));

    private static (LinkKeys Dialer, byte[] Confirm) Through(StreamSession session, byte dialerNonce, byte acceptorNonce)
    {
        DialerHandshake dialer = new(session, 2, 1, MadeSessions.Nonce(dialerNonce));
        AcceptorHandshake acceptor = new(session, dialer.Hello, MadeSessions.Nonce(acceptorNonce));
        byte[] confirm = new byte[HandshakeFormat.MacBytes];
        Assert.True(dialer.TryAnswer(acceptor.Answer, confirm, out LinkKeys? keys));
        Assert.True(acceptor.TryConfirm(confirm, out _));
        return (keys, confirm);
    }

    private static byte[] Altered(ReadOnlySpan<byte> bytes, int at)
    {
        byte[] altered = bytes.ToArray();
        altered[at] ^= 0x10;
        return altered;
    }
}
