using System.Security.Cryptography;

namespace Halo.Boards.Control;

/// <summary>A handshake of which the hello is answered and the finish awaited.</summary>
internal sealed record PendingChallenge(Hello Hello, Challenge Challenge, Transcript Transcript, ECDiffieHellman Pair) : IDisposable
{
    public void Dispose() => Pair.Dispose();
}

/// <summary>Challenges that were given out: each serves once, for 10 s, and the oldest goes where there are too many.</summary>
internal sealed class PendingChallenges(TimeProvider time)
{
    internal const int Most = 256;

    internal static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (PendingChallenge Challenge, long Since)> _byNonce = [];
    private readonly Dictionary<string, string> _nonceByHello = [];
    private readonly Queue<string> _inOrder = new(); // may still name challenges that are gone

    internal int Count
    {
        get
        {
            lock (_gate)
            {
                DropOld();
                return _byNonce.Count;
            }
        }
    }

    /// <summary>The challenge that this very hello was given: a repeated hello takes no place from others and costs no public-key work.</summary>
    internal Challenge? ForHello(Hello hello)
    {
        lock (_gate)
        {
            DropOld();
            return _nonceByHello.TryGetValue(Name(hello.Mac), out string? nonce) ? _byNonce[nonce].Challenge.Challenge : null;
        }
    }

    internal void Add(PendingChallenge challenge)
    {
        lock (_gate)
        {
            DropOld();
            while (_byNonce.Count >= Most)
            {
                Remove(_inOrder.Dequeue())?.Dispose();
            }

            string nonce = Name(challenge.Challenge.Nonce);
            _byNonce.Add(nonce, (challenge, time.GetTimestamp()));
            _nonceByHello[Name(challenge.Hello.Mac)] = nonce;
            _inOrder.Enqueue(nonce);
        }
    }

    /// <summary>What was said up to a challenge, which stays; null where there is no such challenge.</summary>
    internal Transcript? Peek(byte[] nonce)
    {
        lock (_gate)
        {
            DropOld();
            return _byNonce.TryGetValue(Name(nonce), out (PendingChallenge Challenge, long Since) found) ? found.Challenge.Transcript : null;
        }
    }

    /// <summary>Takes a challenge out; null where another was faster. The caller disposes it.</summary>
    internal PendingChallenge? Take(byte[] nonce)
    {
        lock (_gate)
        {
            return Remove(Name(nonce));
        }
    }

    private PendingChallenge? Remove(string nonce)
    {
        if (!_byNonce.Remove(nonce, out (PendingChallenge Challenge, long Since) found))
        {
            return null;
        }

        string hello = Name(found.Challenge.Hello.Mac);
        if (_nonceByHello.GetValueOrDefault(hello) == nonce)
        {
            _nonceByHello.Remove(hello);
        }

        return found.Challenge;
    }

    private void DropOld()
    {
        while (_inOrder.TryPeek(out string? oldest)
            && (!_byNonce.TryGetValue(oldest, out (PendingChallenge Challenge, long Since) entry) || time.GetElapsedTime(entry.Since) >= Lifetime))
        {
            Remove(_inOrder.Dequeue())?.Dispose();
        }
    }

    private static string Name(byte[] bytes) => Convert.ToHexString(bytes);
}
