namespace Halo.Boards.Control;

/// <summary>Everything of a request that counts, apart from its body: sealed with it.</summary>
/// <param name="Session">The session's name.</param>
/// <param name="Number">The request's number.</param>
/// <param name="Method">Its method.</param>
/// <param name="Target">Path and query as they are on the wire.</param>
/// <param name="ContentType">What the plain body is; empty where unsaid.</param>
/// <param name="BodyBytes">Length of the sealed body, tag included.</param>
internal readonly record struct RequestHead(string Session, ulong Number, string Method, string Target, string ContentType, long BodyBytes)
{
    internal ReadOnlySpan<byte> ToBytes() =>
        new Transcript().Add("halo request").Add(Session).Add((long)Number).Add(Method).Add(Target).Add(ContentType).Add(BodyBytes).Bytes;
}

/// <summary>Everything of an answer that counts, apart from its body: sealed with it.</summary>
/// <param name="Session">The session's name.</param>
/// <param name="Number">The number of the request that is answered.</param>
/// <param name="Status">The HTTP status.</param>
internal readonly record struct ReplyHead(string Session, ulong Number, int Status)
{
    internal ReadOnlySpan<byte> ToBytes() => new Transcript().Add("halo reply").Add(Session).Add((long)Number).Add(Status).Bytes;
}
