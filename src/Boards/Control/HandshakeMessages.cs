using System.Text.Json.Serialization;

namespace Halo.Boards.Control;

/// <summary>What every version of a first message begins with; read before anything else, and believed only for the message about it.</summary>
internal sealed record VersionHead(int Protocol, string? Product = null, string? Name = null);

/// <summary>The client's first word.</summary>
/// <param name="Protocol">Version of these messages.</param>
/// <param name="Product">Version of the program, for people.</param>
/// <param name="Name">The client's name.</param>
/// <param name="Instance">The client's process.</param>
/// <param name="Nonce">32 random bytes.</param>
/// <param name="Mac">Tag with the cluster key over the fields before it.</param>
internal sealed record Hello(int Protocol, string Product, string Name, string Instance, byte[] Nonce, byte[] Mac)
{
    internal Transcript Transcript() =>
        new Transcript().Add("halo hello").Add(Protocol).Add(Product).Add(Name).Add(Instance).Add(Nonce);
}

/// <summary>The server's answer to a hello.</summary>
/// <param name="Protocol">Version of these messages.</param>
/// <param name="Product">Version of the program, for people.</param>
/// <param name="Name">The server's name.</param>
/// <param name="Instance">The server's process.</param>
/// <param name="Nonce">32 random bytes, the name of this challenge.</param>
/// <param name="PublicKey">Point on P-256 that serves for this handshake only.</param>
/// <param name="Mac">Tag with the cluster key over the hello and the fields before it.</param>
internal sealed record Challenge(int Protocol, string Product, string Name, string Instance, byte[] Nonce, byte[] PublicKey, byte[] Mac)
{
    internal Transcript Append(Transcript hello) =>
        hello.Fork().Add("halo challenge").Add(Protocol).Add(Product).Add(Name).Add(Instance).Add(Nonce).Add(PublicKey);
}

/// <summary>The client's second word.</summary>
/// <param name="Nonce">The challenge that it answers.</param>
/// <param name="PublicKey">Point on P-256 that serves for this handshake only.</param>
/// <param name="Ciphers">What the client has, fastest first.</param>
/// <param name="Mac">Tag with the cluster key over hello, challenge and the fields before it.</param>
internal sealed record Finish(byte[] Nonce, byte[] PublicKey, CipherSpeed[] Ciphers, byte[] Mac)
{
    internal Transcript Append(Transcript challenge)
    {
        Transcript transcript = challenge.Fork().Add("halo finish").Add(Nonce).Add(PublicKey).Add(Ciphers.Length);
        foreach (CipherSpeed cipher in Ciphers)
        {
            transcript.Add(cipher.Name).Add(cipher.MegabytesPerSecond);
        }

        return transcript;
    }
}

/// <summary>The server's last word.</summary>
/// <param name="Session">The session's name.</param>
/// <param name="Cipher">What seals its bodies.</param>
/// <param name="Mac">Tag with a key of the session over everything.</param>
internal sealed record Welcome(string Session, string Cipher, byte[] Mac)
{
    internal Transcript Append(Transcript finish) => finish.Fork().Add("halo welcome").Add(Session).Add(Cipher);
}

/// <summary>Why a server did not take a message: outside the seal, so believed only as far as a tag goes.</summary>
/// <param name="Error">A sentence.</param>
/// <param name="Reason">A <see cref="ControlRefusal"/>; null on errors of handlers.</param>
/// <param name="Protocol">The server's version of these messages.</param>
/// <param name="Product">The server's version of the program.</param>
/// <param name="Name">The server's name.</param>
/// <param name="Mac">On an unknown session: tag with the cluster key over session, number and the server's process.</param>
internal sealed record ControlError(
    string Error, string? Reason = null, int Protocol = 0, string? Product = null, string? Name = null, byte[]? Mac = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(VersionHead))]
[JsonSerializable(typeof(Hello))]
[JsonSerializable(typeof(Challenge))]
[JsonSerializable(typeof(Finish))]
[JsonSerializable(typeof(Welcome))]
[JsonSerializable(typeof(ControlError))]
internal sealed partial class ControlJson : JsonSerializerContext;
