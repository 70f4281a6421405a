namespace Halo.Boards.Tests.Peers;

/// <summary>Lets no request to one path through, nor any answer: it hangs until it is cancelled.</summary>
/// <param name="path">The path.</param>
/// <param name="sent">Ends with the first of them.</param>
internal sealed class Swallowing(string path, TaskCompletionSource sent) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri!.AbsolutePath == path)
        {
            sent.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        return await base.SendAsync(request, cancellationToken);
    }
}
