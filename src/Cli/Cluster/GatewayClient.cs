using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Halo.Cli.Hosting;

namespace Halo.Cli.Cluster;

/// <summary>Asks a gateway over HTTP.</summary>
internal static class GatewayClient
{
    private const int MaxAnswerBytes = 16 << 20;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>The boards of a gateway.</summary>
    /// <param name="gateway">Its address; a path in it does not count.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answer as it came, and what is in it.</returns>
    /// <exception cref="CommandFault">Nobody answers there, or nobody that has boards.</exception>
    internal static async Task<(string Text, IReadOnlyList<ListedBoard> Boards)> BoardsAsync(Uri gateway, CancellationToken cancellationToken)
    {
        string address = gateway.GetLeftPart(UriPartial.Authority);
        using HttpClientHandler handler = new() { UseProxy = false };
        using HttpClient http = new(handler) { Timeout = s_patience, MaxResponseContentBufferSize = MaxAnswerBytes };
        http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        try
        {
            using HttpResponseMessage response = await http.GetAsync(new Uri(gateway, "/v1/boards"), cancellationToken);
            string text = await response.Content.ReadAsStringAsync(cancellationToken);
            return response.IsSuccessStatusCode
                ? (text, Read(text, GatewayAnswers.Default.BoardsAnswer).Data)
                : throw new CommandFault($"{address} answered with status {(int)response.StatusCode}: {Message(text)}");
        }
        catch (HttpRequestException fault)
        {
            throw new CommandFault($"Nobody answers at {address}: {fault.GetBaseException().Message}. Start a gateway there, or name another with --gateway URL.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandFault($"{address} did not answer within {s_patience.TotalSeconds:0} s. Is it a gateway? Name another with --gateway URL.");
        }
        catch (JsonException)
        {
            throw new CommandFault($"What answers at {address} is no Halo gateway; name one with --gateway URL.");
        }
    }

    // A gateway says in words what is wrong; anything else has no boards.
    private static string Message(string text) => Read(text, GatewayAnswers.Default.ErrorAnswer).Error.Message;

    private static T Read<T>(string text, JsonTypeInfo<T> type) => JsonSerializer.Deserialize(text, type) ?? throw new JsonException("The answer is null.");
}
