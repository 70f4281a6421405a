using Halo.Boards.Control;
using Halo.Boards.Control.Tls;

namespace Halo.Boards.Tests.Control.Tls;

/// <summary>The control channel inside TLS: what is trusted, and what is said of what is not.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-tls-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Connect_BoardsOwnCertificateIsTrusted_RequestsPass()
    {
        using MadeCertificate own = MadeCertificate.For("127.0.0.1");
        await using ControlHost host = await StartAsync(own);
        using ControlClient client = host.Client(new ControlClientOptions { Trust = TlsTrust.Read(Write("own.pem", own.Pem)) });

        Assert.Equal("https", host.Address.Scheme);
        ControlReply reply = await client.SendAsync(HttpMethod.Post, "/control/echo", new byte[] { 1, 2, 3 }, default);
        Assert.Equal([1, 2, 3], reply.Body.ToArray());
    }

    [Fact]
    public async Task Connect_AuthorityIsTrusted_RequestsPass()
    {
        using MadeCertificate authority = MadeCertificate.Authority();
        using MadeCertificate own = MadeCertificate.For("127.0.0.1", DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), authority);
        await using ControlHost host = await StartAsync(own);
        using ControlClient client = host.Client(new ControlClientOptions { Trust = TlsTrust.Read(Write("authority.pem", authority.Pem)) });

        Assert.Equal("b2", (await client.ConnectAsync(default)).Peer.Name);
    }

    [Theory]
    [InlineData("127.0.0.1", -1, 1, "127.0.0.1", "is not in the file of --tls-trust")] // another one of the same name
    [InlineData("127.0.0.1", -1, 1, null, "this machine trusts nobody who signed its certificate (CN=127.0.0.1)")]
    [InlineData("127.0.0.1", -2, -1, "own", "its certificate has expired on 20")]
    [InlineData("127.0.0.1", 1, 2, "own", "its certificate is not valid before 20")]
    [InlineData("board.example", -1, 1, "own", "its certificate is for board.example, not for 127.0.0.1")]
    public async Task Connect_CertificateIsNotGoodEnough_SaysWhy(string name, int fromDays, int toDays, string? trusted, string said)
    {
        using MadeCertificate own = MadeCertificate.For(name, DateTimeOffset.UtcNow.AddDays(fromDays), DateTimeOffset.UtcNow.AddDays(toDays));
        using MadeCertificate other = MadeCertificate.For(name);
        await using ControlHost host = await StartAsync(own);
        TlsTrust? trust = trusted is null ? null : TlsTrust.Read(Write("trusted.pem", trusted == "own" ? own.Pem : other.Pem));
        using ControlClient client = host.Client(new ControlClientOptions { Trust = trust });

        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => client.ConnectAsync(default));

        Assert.Equal(ControlFault.Untrusted, fault.Fault);
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_HttpToTls_NamesHttps()
    {
        using MadeCertificate own = MadeCertificate.For("127.0.0.1");
        await using ControlHost host = await StartAsync(own);
        using ControlClient client = new(new UriBuilder(host.Address) { Scheme = "http" }.Uri, ControlHost.Key, "head", "head-1");

        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => client.ConnectAsync(default));

        Assert.Contains("if it was started with --tls-certificate, write its address with https://", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_TlsToHttp_NamesHttp()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using ControlClient client = new(new UriBuilder(host.Address) { Scheme = "https" }.Uri, ControlHost.Key, "head", "head-1");

        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => client.ConnectAsync(default));

        Assert.Contains("a board without --tls-certificate has an address with http://", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_KeyInTheSameFileOrAnother_HasTheKey()
    {
        using MadeCertificate own = MadeCertificate.For("b2");
        using ServerCertificate one = ServerCertificate.Read(Write("both.pem", own.Pem + own.KeyPem), null, DateTimeOffset.UtcNow);
        using ServerCertificate two = ServerCertificate.Read(Write("own.pem", own.Pem), Write("own.key", own.KeyPem), DateTimeOffset.UtcNow);

        Assert.True(one.Certificate.HasPrivateKey && two.Certificate.HasPrivateKey);
        Assert.DoesNotContain("PRIVATE", one.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FilesThatCannotBeUsed_SaysWhichAndWhy()
    {
        using MadeCertificate own = MadeCertificate.For("b2");
        using MadeCertificate other = MadeCertificate.For("b3");
        string certificate = Write("own.pem", own.Pem);
        string both = Write("both.pem", own.Pem + own.KeyPem);
        string missing = Path.Combine(_folder.FullName, "missing.pem");

        Refused($"There is no file {missing}", () => ServerCertificate.Read(missing, null, DateTimeOffset.UtcNow));
        Refused($"There is no file {missing}", () => ServerCertificate.Read(certificate, missing, DateTimeOffset.UtcNow));
        Refused($"{certificate}: the private key cannot be read", () => ServerCertificate.Read(certificate, null, DateTimeOffset.UtcNow));
        Refused("the private key cannot be read", () => ServerCertificate.Read(certificate, Write("other.key", other.KeyPem), DateTimeOffset.UtcNow));
        Refused("has no certificate", () => TlsTrust.Read(Write("words.pem", "words")));
        Refused($"{_folder.FullName} cannot be read", () => TlsTrust.Read(_folder.FullName));
        Refused($"The certificate in {both} has expired on", () => ServerCertificate.Read(both, null, DateTimeOffset.UtcNow.AddDays(2)));
        Refused($"The certificate in {both} is not valid before", () => ServerCertificate.Read(both, null, DateTimeOffset.UtcNow.AddDays(-2)));

        static void Refused(string said, Func<object> read) => Assert.Contains(said, Assert.Throws<TlsFileException>(read).Message, StringComparison.Ordinal);
    }

    private static Task<ControlHost> StartAsync(MadeCertificate certificate) =>
        ControlHost.StartAsync(ControlHost.NewServer(), 0, ControlLimits.DefaultMaxBodyBytes, certificate.Certificate);

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}
