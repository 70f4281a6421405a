using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using Orleans.Concurrency;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>One method of a grain interface: how it interleaves, how its arguments cross, how it is called.</summary>
internal abstract class GrainMethod
{
    private static readonly ConcurrentDictionary<MethodInfo, GrainMethod> s_methods = new();
    private readonly bool[] _isImmutable; // by parameter
    private readonly int _tokenIndex; // of the cancellation token, -1 for none
    private readonly string _name;

    protected GrainMethod(MethodInfo method)
    {
        ParameterInfo[] parameters = method.GetParameters();
        _isImmutable = [.. parameters.Select(parameter => parameter.IsDefined(typeof(ImmutableAttribute)))];
        _tokenIndex = Array.FindIndex(parameters, parameter => parameter.ParameterType == typeof(CancellationToken));
        _name = $"{method.DeclaringType!.Name}.{method.Name}";
        IsAlwaysInterleave = method.IsDefined(typeof(AlwaysInterleaveAttribute));
        IsReadOnly = method.IsDefined(typeof(ReadOnlyAttribute));
        IsOneWay = method.IsDefined(typeof(OneWayAttribute));
        IsResultImmutable = method.ReturnParameter.IsDefined(typeof(ImmutableAttribute), false);
        ResponseTimeout = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;
    }

    protected bool IsAlwaysInterleave { get; }

    protected bool IsReadOnly { get; }

    protected bool IsOneWay { get; }

    protected bool IsResultImmutable { get; }

    protected TimeSpan? ResponseTimeout { get; }

    internal static GrainMethod Of(MethodInfo method) => s_methods.GetOrAdd(method, static method =>
    {
        Type type = method.ReturnType;
        if (type == typeof(Task) || type == typeof(ValueTask) || type == typeof(void))
        {
            return new TaskMethod<object?>(method);
        }

        Type? definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        Type? kind = definition == typeof(Task<>) || definition == typeof(ValueTask<>) ? typeof(TaskMethod<>)
            : definition == typeof(IAsyncEnumerable<>) ? typeof(StreamMethod<>)
            : throw new NotSupportedException($"{method.DeclaringType}.{method.Name} returns {type}, which no grain method may.");
        return (GrainMethod)Activator.CreateInstance(kind.MakeGenericType(type.GenericTypeArguments), method)!;
    });

    /// <summary>Makes the call: what the caller gets back is of the method's own return type.</summary>
    internal abstract object? Call(GrainFactory caller, GrainId target, object?[] arguments);

    /// <summary>Copies the arguments in place and takes the cancellation token out.</summary>
    protected CancellationToken Isolate(object?[] arguments)
    {
        DeepCopier copier = new();
        for (int i = 0; i < arguments.Length; i++)
        {
            arguments[i] = _isImmutable[i] ? arguments[i] : copier.Copy(arguments[i]);
        }

        return _tokenIndex >= 0 ? (CancellationToken)arguments[_tokenIndex]! : CancellationToken.None;
    }

    protected object?[] WithToken(object?[] arguments, CancellationToken token)
    {
        if (_tokenIndex >= 0)
        {
            arguments[_tokenIndex] = token;
        }

        return arguments;
    }

    protected string Describe(GrainId target) => $"{_name} of {target}";

    /// <summary>Compiles <c>(grain, arguments) => ((IGrain)grain).Method((A)arguments[0], …)</c>.</summary>
    protected static Func<object, object?[], object> Compile(MethodInfo method)
    {
        ParameterExpression grain = Expression.Parameter(typeof(object));
        ParameterExpression arguments = Expression.Parameter(typeof(object?[]));
        Expression call = Expression.Call(
            Expression.Convert(grain, method.DeclaringType!),
            method,
            method.GetParameters().Select((parameter, index) =>
                Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(index)), parameter.ParameterType)));
        if (method.ReturnType == typeof(void))
        {
            call = Expression.Block(call, Expression.Constant(Task.CompletedTask));
        }
        else if (method.ReturnType.IsValueType) // ValueTask, with or without a result
        {
            call = Expression.Call(call, nameof(ValueTask.AsTask), null);
        }

        return Expression.Lambda<Func<object, object?[], object>>(call, grain, arguments).Compile();
    }

    /// <summary>A method with one answer; without one, <typeparamref name="T"/> is object and the answer null.</summary>
    private sealed class TaskMethod<T>(MethodInfo method) : GrainMethod(method)
    {
        private readonly Func<object, object?[], object> _invoke = Compile(method);
        private readonly bool _hasAnswer = method.ReturnType.IsGenericType;
        private readonly Type _returnType = method.ReturnType;

        internal override object? Call(GrainFactory caller, GrainId target, object?[] arguments)
        {
            CancellationToken cancellationToken = Isolate(arguments);
            if (cancellationToken.IsCancellationRequested)
            {
                return AsReturned(Task.FromCanceled<T>(cancellationToken));
            }

            Request<T> request = new(
                (activation, token) => InvokeAsync(activation.GrainInstance!, WithToken(arguments, token)),
                Describe(target),
                IsOneWay ? Timeout.InfiniteTimeSpan : ResponseTimeout ?? caller.ResponseTimeout,
                cancellationToken)
            {
                IsAlwaysInterleave = IsAlwaysInterleave,
                IsReadOnly = IsReadOnly,
                Context = DeepCopier.CopyContext(RequestContext.Current),
                Origin = caller.Silo,
            };
            caller.Send(target, request);
            return AsReturned(IsOneWay ? Task.FromResult<T>(default!) : request.Answer);
        }

        private async Task<T> InvokeAsync(object grain, object?[] arguments)
        {
            var task = (Task)_invoke(grain, arguments);
            await task; // on the activation's scheduler, so the answer is copied before anything else can change it
            return !_hasAnswer ? default! : IsResultImmutable ? ((Task<T>)task).Result : (T)new DeepCopier().Copy(((Task<T>)task).Result)!;
        }

        private object? AsReturned(Task<T> task) =>
            _returnType == typeof(void) ? null
            : _returnType == typeof(ValueTask) ? new ValueTask(task)
            : _returnType == typeof(ValueTask<T>) ? new ValueTask<T>(task)
            : task;
    }

    /// <summary>A method with a stream of answers.</summary>
    private sealed class StreamMethod<T>(MethodInfo method) : GrainMethod(method)
    {
        private readonly Func<object, object?[], object> _invoke = Compile(method);

        internal override object Call(GrainFactory caller, GrainId target, object?[] arguments)
        {
            CancellationToken cancellationToken = Isolate(arguments);
            Dictionary<string, object>? context = DeepCopier.CopyContext(RequestContext.Current);
            return new GrainStream<T>(Describe(target), Start, cancellationToken);

            Task<StreamSession<T>> Start(CancellationToken enumeratorToken)
            {
                Request<StreamSession<T>> request = new(
                    (activation, _) => Task.FromResult(new StreamSession<T>(
                        activation,
                        token => (IAsyncEnumerable<T>)_invoke(activation.GrainInstance!, WithToken([.. arguments], token)),
                        context,
                        Describe(target))),
                    Describe(target),
                    ResponseTimeout ?? caller.ResponseTimeout,
                    enumeratorToken)
                {
                    IsAlwaysInterleave = true, // as upstream's enumeration calls
                    Context = context,
                    Origin = caller.Silo,
                };
                caller.Send(target, request);
                return request.Answer;
            }
        }
    }
}
